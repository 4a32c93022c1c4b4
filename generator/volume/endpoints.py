"""Puts endpoints on the shared volume that nginx takes without a reload.

They come before the wish that needs them, and stay until a wish without them is live: what
is there is always enough for whatever nginx may be serving.
"""

from collections.abc import Mapping

from generator.volume.numbers import next_number
from reloader.contract import (
    Endpoints,
    Stamp,
    Volume,
    read_or_none,
    read_status,
    stamp_of,
    write_atomically,
)


class EndpointsPublisher:
    """Writes `next/endpoints`. Methods but `settle` may raise OSError: full, read-only."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._last: Endpoints | None = None
        self._lines: Mapping[str, str] = {}
        """Of the last."""
        self._needed: Mapping[str, str] = {}
        """Those of them that a wish has which may be live."""
        self._written: Stamp | None = None

    def prepare(self) -> None:
        """Find what an earlier process has left: nginx may be serving by it."""
        self._last = read_or_none(self._volume.endpoints, Endpoints.parse)
        self._written = stamp_of(self._volume.endpoints)
        if self._last:
            self._lines = self._needed = self._last.by_upstream()

    def publish(self, lines: Mapping[str, str], *, newest: bool = True) -> int:
        """Have nginx take these, and return their version.

        Where they are not the newest that is known, only those count that are new by name.
        """
        wanted = {**self._needed, **lines} if newest else {**lines, **self._needed}
        last = self._last
        if last is None or wanted != self._lines:
            last = Endpoints.of(self._next_version(), _encoded(wanted))
            self._write(last)
            self._lines = wanted
        self._needed = wanted
        return last.version

    def settle(self, lines: Mapping[str, str]) -> None:
        """Take note that nginx serves the newest wish, and needs no others than these."""
        self._needed = {name: self._lines.get(name, line) for name, line in lines.items()}

    def repair(self) -> None:
        """Write again what somebody took away or damaged since."""
        if self._last is not None and stamp_of(self._volume.endpoints) != self._written:
            self._write(self._last)

    def _next_version(self) -> int:
        """Return a number higher than any that was ever on this volume."""
        status = read_status(self._volume.status)
        live = read_or_none(self._volume.live_endpoints, Endpoints.parse)
        told = (status.endpoints if status else 0, live.version if live else 0)
        return next_number(self._last.version if self._last else 0, told)

    def _write(self, endpoints: Endpoints) -> None:
        self._volume.endpoints.parent.mkdir(exist_ok=True)
        write_atomically(self._volume.endpoints, endpoints.encode())
        self._last, self._written = endpoints, stamp_of(self._volume.endpoints)


def _encoded(lines: Mapping[str, str]) -> bytes:
    return "".join(f"{name}{line}\n" for name, line in lines.items()).encode()
