"""Limits a rate: a burst at once, then one token each interval."""

import asyncio
import time
from collections.abc import Callable


class TokenBucket:
    """Full at first; `take` waits for a token."""

    def __init__(
        self, size: int, refill_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._refill_s = refill_s
        self._clock = clock
        self._tokens = float(size)
        self._counted_at = clock()

    async def take(self) -> None:
        """Wait until a token is there, and take it."""
        await asyncio.sleep(self.reserve_s())

    def reserve_s(self) -> float:
        """Take a token, perhaps a future one; return in how many seconds it is there."""
        now = self._clock()
        refilled = (now - self._counted_at) / self._refill_s
        self._tokens = min(self._size, self._tokens + refilled) - 1
        self._counted_at = now
        return max(0.0, -self._tokens * self._refill_s)
