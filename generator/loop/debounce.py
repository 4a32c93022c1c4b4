"""When to act on changes: the first after quiet at once, a burst gathered."""

import asyncio
from collections.abc import Callable

QUIET_S = 0.05
"""A burst is over once nothing has come for so long."""

_FREE = 8
_STEP_S = 0.25
_LONGEST_SPACING_S = 3.0


def spacing_s(draining_generations: float) -> float:
    """Return how far apart to act while workers of earlier configurations pile up.

    Each generation of them holds memory until its clients have gone (decision 0004), so
    after a handful the next come ever further apart, but never so far that a change waits
    noticeably long.
    """
    return min(_LONGEST_SPACING_S, max(0.0, draining_generations - _FREE) * _STEP_S)


class Debounce:
    """Remembers the last change and the last act, to time the next."""

    def __init__(self, longest_s: float, now: Callable[[], float]) -> None:
        self._longest_s = longest_s
        self._now = now
        self._last_change = float("-inf")
        self._acted = float("-inf")

    async def gather(self, changed: asyncio.Event, spacing_s: float = 0.0) -> None:
        """Return when to act on a change that has just come.

        At once where it came after quiet; else when the burst pauses, at latest after
        `longest_s`. In any case `spacing_s` after the last time. `changed` is set by each
        further change, and cleared here.
        """
        began = self._now()
        after_quiet = began - self._last_change >= QUIET_S
        self._last_change = began
        changed.clear()
        if not after_quiet:
            await self._until_it_pauses(changed, began + self._longest_s)
        if (wait_s := self._acted + spacing_s - self._now()) > 0:
            await asyncio.sleep(wait_s)
            changed.clear()
        self._acted = self._now()

    async def _until_it_pauses(self, changed: asyncio.Event, end: float) -> None:
        while (left := end - self._now()) > 0:
            try:
                await asyncio.wait_for(changed.wait(), min(QUIET_S, left))
            except TimeoutError:
                return
            changed.clear()
            self._last_change = self._now()
