"""Endpoints that nginx takes without a reload: `next/endpoints` -> `live/endpoints` -> nginx.

The file in live/ is written before nginx is told, since nginx reads it too, whenever a
master starts or reloads: what a wish needs is there when the wish becomes live. nginx is
told what differs from what it has, or everything where that is not known. Where it does
not take them, a reload is asked for, which has it read the file.
"""

import http.client
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from enum import Enum, auto

import structlog

from reloader.contract import (
    ContractError,
    Endpoints,
    Stamp,
    Volume,
    read_bytes,
    read_or_none,
    stamp_of,
    write_atomically,
)
from reloader.log_events import Event

log = structlog.get_logger()

ANYTHING = "*"
"""In the place of what nginx has: it need not have anything in particular."""
_KEY = re.compile(rb"[0-9a-f]{64}")
_PART_BYTES = 1 << 17
"""What nginx reads at once: its worker does nothing else for a millisecond or two."""
_ANSWER_S = 2.0


class Told(Enum):
    """What became of telling nginx."""

    NOTHING_NEW = auto()
    HAS_THEM = auto()
    """It has read them itself."""
    DONE = auto()
    NOT_WANTED = auto()
    """The configuration that it serves has its endpoints in itself."""
    UNREACHABLE = auto()
    REFUSED = auto()
    """A reload has it read the file."""


class LiveEndpoints:
    """What is in live/endpoints, and which of it nginx has."""

    def __init__(self, volume: Volume, port: int) -> None:
        self._volume = volume
        self._port = port
        self._seen: Stamp | None = None
        self._written: Stamp | None = None
        self._live: Endpoints | None = None
        self._known: dict[str, str] = {}
        self._told: Endpoints | None = None
        self._told_lines: dict[str, str] = {}
        self._settled: Endpoints | None = None
        """What need not be told any more."""
        self._key = ""

    @property
    def version(self) -> int:
        """The version that nginx has; 0 before the first."""
        return self._told.version if self._told else 0

    @property
    def wanted(self) -> int:
        """The version that nginx should have; 0 before the first."""
        return self._live.version if self._live else 0

    def take(self) -> bool:
        """Bring what is new in next/ into live/. Return whether there was any.

        Also mends what was taken away from live/. Raises OSError as reading and writing do.
        """
        self._restore()
        stamp = stamp_of(self._volume.endpoints)
        if stamp is None or stamp == self._seen:
            return False
        found = self._read()
        if found is not None and found != self._live:
            self._write(found)
        self._seen = stamp
        return True

    def doubt(self) -> None:
        """Ask nginx anew what it has: it has reloaded, or is another one.

        Until then nothing is told again, what was refused neither.
        """
        self._settled = None

    def tell(self) -> Told:
        """Give nginx what it does not have yet."""
        if self._live is None or self._live is self._settled:
            return Told.NOTHING_NEW
        try:
            return self._tell(self._live)
        except (OSError, http.client.HTTPException):
            return Told.UNREACHABLE

    def _tell(self, live: Endpoints) -> Told:
        status, token = self._ask("GET")
        if status != 200:
            self._told, self._settled = None, live
            return Told.NOT_WANTED
        outcome = Told.HAS_THEM if token == live.token else self._post(live, token)
        self._settled = live
        if outcome is not Told.REFUSED:
            self._told, self._told_lines = live, self._known
        return outcome

    def _post(self, live: Endpoints, token: str) -> Told:
        is_known = self._told is not None and token == self._told.token
        base, lines = (token, self._changes()) if is_known else (ANYTHING, _lines(self._known))
        for body in _parts(base, live.token, lines):
            status, answer = self._ask("POST", body)
            if status != 200:
                log.warning(
                    Event.ENDPOINTS_REFUSED, version=live.version, status=status, message=answer
                )
                return Told.REFUSED
        log.info(Event.ENDPOINTS_TOLD, version=live.version, told_ms=self._age_ms())
        return Told.DONE

    def _age_ms(self) -> float:
        """Return the time since the newest were written, in milliseconds."""
        written_ns = self._seen.changed_ns if self._seen else time.time_ns()
        return round(max(0.0, (time.time_ns() - written_ns) / 1e6), 1)

    def _changes(self) -> Iterator[str]:
        """Return a line for each upstream that differs, and the bare name of one that is gone."""
        before, now = self._told_lines, self._known
        yield from _lines({n: each for n, each in now.items() if before.get(n) != each})
        yield from (f"{name}\n" for name in before.keys() - now.keys())

    def _ask(self, method: str, body: bytes | None = None) -> tuple[int, str]:
        headers = {"Connection": "close", "X-Pillion-Key": self._key}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_S)
        with closing(connection):
            connection.request(method, "/endpoints", body, headers)
            response = connection.getresponse()
            return response.status, response.read(1000).decode(errors="replace").strip()

    def _read(self) -> Endpoints | None:
        try:
            return Endpoints.parse(read_bytes(self._volume.endpoints))
        except (ContractError, IsADirectoryError) as error:
            log.warning(Event.ENDPOINTS_MALFORMED, message=str(error))
            return None

    # --- files --------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Write again what was taken away or damaged; the first call adopts what is there."""
        stamp = stamp_of(self._volume.live_endpoints)
        if self._live is None:
            found = read_or_none(self._volume.live_endpoints, Endpoints.parse)
            if found is not None:
                self._adopt(found)
        elif stamp != self._written:
            self._write(self._live)
        if self._live is not None:
            self._restore_key()

    def _write(self, endpoints: Endpoints) -> None:
        self._volume.live_endpoints.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._volume.live_endpoints, endpoints.encode())
        self._adopt(endpoints)
        self._restore_key()

    def _adopt(self, endpoints: Endpoints) -> None:
        self._written = stamp_of(self._volume.live_endpoints)
        self._live, self._known = endpoints, endpoints.by_upstream()

    def _restore_key(self) -> None:
        """Keep the key that nginx may have read; its user's file, and the reloader's, alone."""
        path = self._volume.endpoints_key
        if self._key and stamp_of(path) is not None:
            return
        found = read_or_none(path, _key, 64)
        self._key = found or self._key or secrets.token_hex(32)
        if found is None:
            write_atomically(path, self._key.encode(), mode=0o600)


def _key(content: bytes) -> str:
    if not _KEY.fullmatch(content):
        raise ContractError("not a key")
    return content.decode()


def _lines(by_upstream: dict[str, str]) -> Iterator[str]:
    return (f"{name}{endpoints}\n" for name, endpoints in by_upstream.items())


def _parts(base: str, token: str, lines: Iterator[str]) -> Iterator[bytes]:
    """Return requests of bearable size; each names what the one before has made of nginx's."""
    number, size = 0, 0
    part: list[str] = []
    for line in lines:
        if part and size + len(line) > _PART_BYTES:
            number += 1
            now = f"{token}.{number}"
            yield f"{base} {now}\n{''.join(part)}".encode()
            base, part, size = now, [], 0
        part.append(line)
        size += len(line)
    yield f"{base} {token}\n{''.join(part)}".encode()
