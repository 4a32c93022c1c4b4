"""Limits the watches of single objects.

An Ingress can name thousands of Secrets, and each watch holds a connection, so each
namespace has a fixed number of slots.
"""

import asyncio
import random
from collections import Counter, defaultdict

SLOTS = 20
"""Watches of single objects, for each namespace."""


class WatchSlots:
    """The slots of every namespace, and how many wait for one."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._free: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(SLOTS))
        self._waiting: Counter[str] = Counter()

    async def acquire(self, namespace: str) -> bool:
        """Wait about `poll_s` for a slot, longer where many wait; return whether one was free."""
        self._waiting[namespace] += 1
        wait_s = self._poll_s * max(1.0, self._waiting[namespace] / SLOTS)
        try:
            async with asyncio.timeout(wait_s * random.uniform(0.5, 1.5)):  # noqa: S311
                await self._free[namespace].acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting[namespace] -= 1
        return True

    def release(self, namespace: str) -> None:
        """Return a slot."""
        self._free[namespace].release()
