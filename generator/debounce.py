"""When to act on changes: the first after quiet at once, a burst gathered."""

import asyncio
from collections.abc import Callable

QUIET_S = 0.05
"""A burst is over once nothing has come for so long."""


class Debounce:
    """Says when the changes so far should be acted on."""

    def __init__(self, longest_s: float, now: Callable[[], float]) -> None:
        self._longest_s = longest_s
        self._now = now
        self._last_change = float("-inf")

    async def gather(self, changed: asyncio.Event) -> None:
        """Return when to act on a change that has just come.

        At once where it came after quiet; else when the burst pauses, at latest after
        `longest_s`. `changed` is set by each further change, and cleared here.
        """
        began = self._now()
        after_quiet = began - self._last_change >= QUIET_S
        self._last_change = began
        changed.clear()
        if after_quiet:
            return
        while (left := began + self._longest_s - self._now()) > 0:
            try:
                await asyncio.wait_for(changed.wait(), min(QUIET_S, left))
            except TimeoutError:
                return
            changed.clear()
            self._last_change = self._now()
