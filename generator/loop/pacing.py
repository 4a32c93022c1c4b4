"""When the loop makes its next attempt, and since when a change has waited for one."""

import asyncio
from collections.abc import Callable

from generator.loop.debounce import Debounce, spacing_s

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 5.0
"""Between attempts at what is not served although no Ingress is at fault."""


class Pacing:
    """Changes, answers and pauses go in; `due` returns when it is time."""

    def __init__(self, longest_gathering_s: float, now: Callable[[], float]) -> None:
        self._now = now
        self._debounce = Debounce(longest_gathering_s, now)
        self._news = asyncio.Event()
        self._changed_at: float | None = None
        self._spacing_s = 0.0
        self._retry_s = 0.0
        self._at_once = False

    async def due(self) -> None:
        """Return when there is news and it is time to act on it."""
        await self._news.wait()
        if self._at_once:
            self._at_once = False
            self._news.clear()
            return
        await self._debounce.gather(self._news, self._spacing_s)

    def waiting_since(self) -> float:
        """Return when the oldest change came that no wish has yet; now where there is none."""
        return self._now() if self._changed_at is None else self._changed_at

    def changed(self) -> None:
        """Count what waits from now on, and have an attempt made."""
        self._changed_at = self.waiting_since()
        self._news.set()

    def go_on(self) -> None:
        """Have the next attempt made at once: what is only checked costs nginx nothing."""
        self._at_once = True
        self._news.set()

    def wait_since(self, changed_at: float) -> None:
        """Count what waits from then on, as where the wish that had it was withdrawn."""
        self._changed_at = changed_at

    def settled(self) -> None:
        """Take note that the newest wish has every change."""
        self._changed_at = None

    def applied(self) -> None:
        """Have the next retry come soon again."""
        self._retry_s = 0.0

    def retry(self) -> None:
        """Have another attempt made after a pause, twice as long each time in a row."""
        self._retry_s = min(max(_FIRST_RETRY_S, 2 * self._retry_s), _LONGEST_RETRY_S)
        self.retry_in(self._retry_s)

    def retry_in(self, seconds: float) -> None:
        """Have another attempt made then, or before where there is news."""
        asyncio.get_running_loop().call_later(seconds, self._news.set)

    def draining(self, generations: float) -> None:
        """Space attempts by how many generations of nginx's workers have still clients."""
        self._spacing_s = spacing_s(generations)
