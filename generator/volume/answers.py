"""Waits for the reloader's answers on the volume."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from reloader.contract import Stamp, Status, Volume, read_status, stamp_of

_DUE_S = 0.01
"""Between two looks while a wish waits for its answer: what this costs a change."""
_IDLE_S = 1.0
_ENDPOINTS_S = 5.0
"""How long to look closely for them: an nginx that is not there yet may take any time."""


class Answers:
    """One file of the reloader's, as it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answered = 0
        self._awaited = 0
        self._endpoints = 0
        self._awaited_endpoints = 0
        self._patient_from = 0.0
        self._hurry = asyncio.Event()

    def expect(self, generation: int) -> None:
        """Look closely until this wish is answered."""
        self._awaited = generation
        self._hurry.set()

    def expect_endpoints(self, version: int) -> None:
        """Look closely until nginx has these endpoints, but not for long."""
        self._awaited_endpoints = version
        self._patient_from = time.monotonic() + _ENDPOINTS_S
        self._hurry.set()

    async def follow(self) -> AsyncIterator[Status]:
        """Return each answer that appears, the one that is there first."""
        seen: Stamp | None = None
        while True:
            stamp = self._look()
            if stamp != seen and (status := read_status(self._path)):
                seen = stamp
                self._answered, self._endpoints = status.generation, status.endpoints
                yield status
            await self._pause()

    def _look(self) -> Stamp | None:
        try:
            return stamp_of(self._path)
        except OSError:
            return None  # the volume is away

    async def _pause(self) -> None:
        if self._is_due():
            await asyncio.sleep(_DUE_S)
            return
        self._hurry.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), _IDLE_S)

    def _is_due(self) -> bool:
        if self._answered < self._awaited:
            return True
        late = time.monotonic() > self._patient_from
        return self._endpoints < self._awaited_endpoints and not late


async def first_status(
    volume: Volume, patience_s: float, clock: Callable[[], float] = time.monotonic
) -> Status | None:
    """Wait for the reloader to say what nginx it has; None where it does not in time."""
    end = clock() + patience_s
    while (status := read_status(volume.status)) is None or not status.nginx_version:
        if clock() >= end:
            return status
        await asyncio.sleep(_DUE_S)
    return status
