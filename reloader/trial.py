"""Answers `next/check.conf`: whether nginx would take a configuration that is not to be served.

The generator finds what nginx refuses by such checks. They touch neither live/ nor nginx.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from reloader import check
from reloader.check import Nginx
from reloader.contract import (
    ContractError,
    Stamp,
    Status,
    Volume,
    Wish,
    read_bytes,
    read_status,
    stamp_of,
    write_atomically,
)
from reloader.live import Live
from reloader.log_events import Event
from reloader.verdict import Blocked, Refusal, Verdict
from reloader.wakeup import Wake

log = structlog.get_logger()


class Trial:
    """Checks the newest configuration that is only to be checked."""

    def __init__(self, volume: Volume, nginx: Nginx, live: Live, wake: Wake) -> None:
        self._volume = volume
        self._nginx = nginx
        self._live = live
        self._wake = wake
        self._seen: Stamp | None = None
        self._blocked = ""

    def look(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Check it, and answer. Return whether there was anything new.

        `meanwhile` is called again and again until the check has ended.
        Raises OSError and ReloaderError, and tries again at the next call then.
        """
        stamp = stamp_of(self._volume.check)
        if stamp is None or stamp == self._seen:
            return False
        wish = self._read()
        if wish is not None and not self._is_answered(wish):
            self._answer(wish, meanwhile)
        self._seen = stamp
        return True

    def _read(self) -> Wish | None:
        try:
            return Wish.parse(read_bytes(self._volume.check))
        except ContractError as error:
            log.warning(Event.WISH_MALFORMED, message=str(error))
            return None

    def _is_answered(self, wish: Wish) -> bool:
        """Whether a reloader before this one has answered it."""
        said = read_status(self._volume.checked)
        return said is not None and (said.generation, said.hash) == (wish.generation, wish.hash)

    def _answer(self, wish: Wish, meanwhile: Callable[[], None]) -> None:
        began = time.monotonic()
        self._live.write_draft(wish)
        try:
            verdict = check.check(self._nginx, self._live.draft, self._wake, meanwhile)
        finally:
            self._live.drop_draft()
        if isinstance(verdict, Blocked) and verdict.message != self._blocked:
            log.error(
                Event.NGINX_CHECK_BLOCKED, generation=wish.generation, message=verdict.message
            )
        self._blocked = verdict.message if isinstance(verdict, Blocked) else ""
        status = _status(wish, verdict, (time.monotonic() - began) * 1000)
        if status.file == str(self._live.draft):
            status = replace(status, file=str(self._volume.check))
        log.debug(Event.CHECKED, generation=wish.generation, stage=status.stage)
        write_atomically(self._volume.checked, status.encode())


def _status(wish: Wish, verdict: Verdict | None, check_ms: float) -> Status:
    said = Status(
        generation=wish.generation,
        hash=wish.hash,
        applied=False,
        serving=0,
        stage="accepted",
        durations={"check": round(check_ms, 1)},
        takes_checks=True,
    )
    if isinstance(verdict, Blocked):
        return replace(said, stage="blocked", message=verdict.message)
    if isinstance(verdict, Refusal):
        return replace(
            said, stage="check", message=verdict.message, file=verdict.file, line=verdict.line
        )
    return said
