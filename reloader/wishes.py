"""Reads wishes, and has nginx check them beside live/, where they disturb nobody."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from reloader import check
from reloader.check import Nginx
from reloader.contract import ContractError, Wish, read_bytes
from reloader.live import Live
from reloader.log_events import Event
from reloader.verdict import Blocked, Refusal, Verdict
from reloader.wakeup import Wake

log = structlog.get_logger()


def read_wish(path: Path) -> Wish | None:
    """Return what stands there; None, and a line in the log, where it is no wish.

    Raises OSError where it cannot be read.
    """
    try:
        return Wish.parse(read_bytes(path))
    except ContractError as error:
        log.warning(Event.WISH_MALFORMED, message=str(error))
        return None


class DraftCheck:
    """Checks one wish after another; logs once why checks cannot be made."""

    def __init__(self, nginx: Nginx, live: Live, wake: Wake) -> None:
        self._nginx = nginx
        self._live = live
        self._wake = wake
        self._blocked = ""

    def judge(self, wish: Wish, path: Path, meanwhile: Callable[[], None]) -> Verdict | None:
        """Write the draft and check it; return None where nginx accepts it.

        A refusal names `path`, where the wish came from. The draft stays, to be promoted or
        dropped. `meanwhile` is called again and again until the check has ended. Raises OSError
        and ReloaderError.
        """
        self._live.write_draft(wish)
        verdict = check.check(self._nginx, self._live.draft, self._wake, meanwhile)
        blocked = verdict.message if isinstance(verdict, Blocked) else ""
        if blocked and blocked != self._blocked:
            log.error(Event.NGINX_CHECK_BLOCKED, generation=wish.generation, message=blocked)
        self._blocked = blocked
        if isinstance(verdict, Refusal) and verdict.file == str(self._live.draft):
            return replace(verdict, file=str(path))
        return verdict
