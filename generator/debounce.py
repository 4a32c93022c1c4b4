"""When to act on changes: the first after quiet at once, a burst gathered."""

import asyncio
from collections.abc import Awaitable, Callable

QUIET_S = 0.05
"""A burst is over once nothing has come for so long."""


class Debounce:
    """Says when the changes so far should be acted on."""

    def __init__(self, longest_s: float, now: Callable[[], float]) -> None:
        self._longest_s = longest_s
        self._now = now
        self._acted = float("-inf")

    async def gather(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Return at once after quiet; else once a burst pauses, at latest after `longest_s`.

        `changed` returns when another change has come. Call it right after a first one.
        """
        began = self._now()
        if began - self._acted >= self._longest_s:
            self._acted = began
            return
        while (left := began + self._longest_s - self._now()) > 0:
            try:
                await asyncio.wait_for(changed(), min(QUIET_S, left))
            except TimeoutError:
                break
        self._acted = self._now()
