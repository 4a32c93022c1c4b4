"""Answers `next/check.conf`: whether nginx would take a configuration that is not to be served.

The generator finds what nginx refuses by such checks. They touch neither live/ nor nginx.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from reloader.contract import Stamp, Status, Volume, Wish, read_status, stamp_of, write_atomically
from reloader.live import Live
from reloader.log_events import Event
from reloader.verdict import Blocked, Refusal, Verdict
from reloader.wishes import DraftCheck, read_wish

log = structlog.get_logger()


class Trial:
    """Checks the newest configuration that is only to be checked."""

    def __init__(self, volume: Volume, live: Live, check: DraftCheck) -> None:
        self._volume = volume
        self._live = live
        self._check = check
        self._seen: Stamp | None = None

    def look(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Check it, and answer. Return whether there was anything new.

        `meanwhile` is called again and again until the check has ended.
        Raises OSError and ReloaderError, and tries again at the next call then.
        """
        stamp = stamp_of(self._volume.check)
        if stamp is None or stamp == self._seen:
            return False
        wish = read_wish(self._volume.check)
        if wish is not None and not self._is_answered(wish):
            self._answer(wish, meanwhile)
        self._seen = stamp
        return True

    def _is_answered(self, wish: Wish) -> bool:
        """Whether a reloader before this one has answered it."""
        said = read_status(self._volume.checked)
        return said is not None and (said.generation, said.hash) == (wish.generation, wish.hash)

    def _answer(self, wish: Wish, meanwhile: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            verdict = self._check.judge(wish, self._volume.check, meanwhile)
        finally:
            self._live.drop_draft()
        status = _status(wish, verdict, (time.monotonic() - began) * 1000)
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
