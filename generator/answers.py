"""Waits for the reloader's answers on the volume."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from reloader.contract import Status, Volume, read_or_none

_DUE_S = 0.01
"""Between two looks while a wish waits for its answer: what this costs a change."""
_IDLE_S = 1.0


class Answers:
    """The reloader's status file, as it changes."""

    def __init__(self, volume: Volume) -> None:
        self._path = volume.status
        self._due = asyncio.Event()

    def expect(self) -> None:
        """Look closely from now on: a wish has been published."""
        self._due.set()

    async def follow(self) -> AsyncIterator[Status]:
        """Give each answer that appears, the one that is there first."""
        seen: object = None
        while True:
            stamp = _stamp(self._path)
            if stamp != seen and (status := read_or_none(self._path, Status.parse)):
                seen = stamp
                self._due.clear()
                yield status
            await self._pause()

    async def _pause(self) -> None:
        if self._due.is_set():
            await asyncio.sleep(_DUE_S)
            return
        try:
            await asyncio.wait_for(self._due.wait(), _IDLE_S)
        except TimeoutError:
            return


async def first_status(
    volume: Volume, patience_s: float, clock: Callable[[], float] = time.monotonic
) -> Status | None:
    """Wait for the reloader to say what nginx it has; None where it does not in time."""
    end = clock() + patience_s
    while (status := read_or_none(volume.status, Status.parse)) is None or not status.nginx_version:
        if clock() >= end:
            return status
        await asyncio.sleep(_DUE_S)
    return status


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
