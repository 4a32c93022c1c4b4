"""Applies each wish to nginx, and writes the answer.

    look: restore live/ -> endpoints -> take the wish (check, promote) -> settle (signal, verify)
          -> answer

Endpoints come first, so that those which a wish needs are there when it becomes live, and
also while nginx checks or reloads: they do not wait for that.

A look does what can be done now and returns; the caller waits between looks. Each look
starts from the files, so a wish that arrives meanwhile is not lost, and the newest wins.
Where the surroundings are at fault (a full disk, no nginx), it logs that once and
repeats the same step at a later look.
"""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from reloader import check, master, verify
from reloader.answer import Answer
from reloader.check import Nginx
from reloader.contract import (
    Stamp,
    Status,
    Volume,
    Wish,
    read_or_none,
    stamp_of,
)
from reloader.endpoints import LiveEndpoints, Told
from reloader.errors import ReloaderError
from reloader.live import Live
from reloader.log_events import Event
from reloader.lua import Lua, find_lua
from reloader.master import Identity, Process
from reloader.master_watch import MasterWatch
from reloader.obstacles import Obstacles
from reloader.trial import Trial
from reloader.verdict import Blocked, Refusal
from reloader.verify import Expected, Failure
from reloader.wakeup import Wake
from reloader.wishes import DraftCheck, read_wish

log = structlog.get_logger()

_SOON_S = 0.1
_STARTING_S = 0.01


@dataclass(frozen=True, kw_only=True)
class ReloaderSettings:
    """What the command line says."""

    volume: Volume
    nginx: Nginx
    status_port: int
    verify_timeout_s: float
    """How long a reload may take at least; more where a check takes long."""
    poll_interval_s: float


@dataclass(kw_only=True)
class PendingReload:
    """A configuration that is in live/ and not known to be served yet."""

    wish: Wish
    is_reported: bool
    """Whether the outcome is written to status.json: it is the newest wish, not an earlier one."""
    durations: dict[str, float] = field(default_factory=dict)
    deadline: float | None = None
    """When nginx has to serve it; None while no nginx has run since."""
    is_announced: bool = False
    """Whether the log says that it waits for an nginx."""
    promoted_at: float = field(default_factory=time.monotonic)


class Reloader:
    """Applies the wishes of one volume."""

    def __init__(self, settings: ReloaderSettings, live: Live, wake: Wake) -> None:
        self.wait_s = 0.0
        """How long to wait before the next look, where nothing calls for it sooner."""
        self._settings = settings
        self._volume = settings.volume
        self._live = live
        self._wake = wake
        self._endpoints = LiveEndpoints(settings.volume, settings.status_port)
        self._must_reload = False
        self._reloaded_for = 0
        self._answer = Answer(settings.volume)
        self._master = MasterWatch(
            settings.volume, lambda: verify.is_listening(settings.status_port)
        )
        self._obstacles = Obstacles(settings.volume)
        self._check = DraftCheck(settings.nginx, live, wake)
        self._trial = Trial(settings.volume, live, DraftCheck(settings.nginx, live, wake))
        self._program: Stamp | None = None
        self._seen: Stamp | None = None
        self._tried: Wish | None = None
        self._pending: PendingReload | None = None
        self._check_ms = 0.0

    def start(self) -> str:
        """Ask what nginx is and serves, and return its version.

        Raises ReloaderError where it is not suitable.
        """
        version = self._identify_nginx()
        with contextlib.suppress(OSError):
            earlier = read_or_none(self._volume.status, Status.parse)
            self._check_ms = earlier.durations.get("check", 0.0) if earlier else 0.0
        self._answer.serves(verify.served_generation(self._settings.status_port) or 0)
        return version

    def look(self) -> bool:
        """Do what can be done now. Return whether next/ held something new."""
        self.wait_s = self._settings.poll_interval_s
        try:
            self._restore_live()
            has_endpoints = self._pass_endpoints()
            self._answer.write()
            is_new = self._take()
            self._settle()
            self._answer.write()
            is_new |= self._pending is None and self._trial.look(self._meanwhile)
        except (OSError, ReloaderError) as error:
            if not self._wake.stopping:
                self.wait_s = min(self._obstacles.meet(error), self._settings.poll_interval_s)
            return False
        self._obstacles.clear()
        return is_new or has_endpoints

    def _restore_live(self) -> None:
        if self._live.restore():
            log.warning(Event.LIVE_RESTORED, generation=self._live.wish.generation)
        self._answer.write()

    def _pass_endpoints(self) -> bool:
        """Bring new endpoints to nginx. Return whether next/ held any."""
        is_new = self._endpoints.take()
        told = self._endpoints.tell()
        if told is Told.UNREACHABLE:
            self.wait_s = min(self.wait_s, _SOON_S)
        elif told is Told.REFUSED:
            self._have_them_read()
        elif told is not Told.NOTHING_NEW:
            self._answer.has_endpoints(self._endpoints.version)
        return is_new

    def _have_them_read(self) -> None:
        """Have nginx reload what it serves, once for a version: it reads the endpoints then."""
        if self._reloaded_for == self._endpoints.wanted:
            log.error(Event.ENDPOINTS_LOST, version=self._endpoints.wanted)
            return
        self._must_reload = True
        self.wait_s = 0.0
        if self._pending is None:
            self._pending = PendingReload(wish=self._live.wish, is_reported=False)

    def _meanwhile(self) -> None:
        """Do not have endpoints wait until nginx has checked or reloaded."""
        with contextlib.suppress(OSError):  # the next look meets it again
            self._pass_endpoints()
            self._answer.write()

    def _take(self) -> bool:
        stamp = stamp_of(self._volume.wish)
        if stamp is None or stamp == self._seen:
            return False
        wish = read_wish(self._volume.wish)
        if wish is not None and wish != self._tried:
            log.debug(Event.WISH_SEEN, generation=wish.generation)
            self._try(wish, {"seen": max(0.0, (time.time_ns() - stamp.changed_ns) / 1e6)})
            self._tried = wish
        self._seen = stamp
        return True

    def _settle(self) -> None:
        process = self._find_master()
        self._check_workers(process)
        pending = self._pending
        if pending is None:
            return
        if self._master.quitting:
            pending.deadline = None  # the next nginx has all of its time
        if pending.deadline is not None and time.monotonic() > pending.deadline:
            self._fail(pending)
        elif process is None:
            self._await_nginx(pending)
        else:
            self._serve(process, pending)

    def _try(self, wish: Wish, durations: dict[str, float]) -> None:
        if wish != self._live.wish:
            self._identify_nginx()
            started = time.monotonic()
            verdict = self._check.judge(wish, self._volume.wish, self._meanwhile)
            durations["check"] = self._check_ms = _ms_since(started)
            if isinstance(verdict, Blocked):
                self._block(wish, durations, verdict)
                return
            if isinstance(verdict, Refusal):
                self._refuse(wish, durations, verdict)
                return
            self._live.promote_draft(wish)
        self._pending = PendingReload(wish=wish, is_reported=True, durations=durations)

    def _block(self, wish: Wish, durations: dict[str, float], blocked: Blocked) -> None:
        """Answer that the check proves nothing; the generator wishes for it again."""
        self._live.drop_draft()
        self._answer.block(wish, durations, blocked.message)
        self._leave_pending_unreported()

    def _refuse(self, wish: Wish, durations: dict[str, float], refusal: Refusal) -> None:
        self._live.drop_draft()
        log.warning(
            Event.WISH_REFUSED,
            generation=wish.generation,
            message=refusal.message,
            file=refusal.file,
            line=refusal.line,
            serving=self._answer.serving,
        )
        self._answer.refuse(wish, durations, refusal)
        self._leave_pending_unreported()

    def _leave_pending_unreported(self) -> None:
        if self._pending is not None:
            self._pending.is_reported = False  # the answer is about the newer wish now

    def _identify_nginx(self) -> str:
        """Ask the nginx program for its version and modules, unless it is the same as before."""
        binary = self._settings.nginx.binary
        program = stamp_of(Path(os.path.realpath(shutil.which(binary) or binary)))
        if program is None or program != self._program:
            build = check.ask_build(self._settings.nginx)
            if build.why_unsuitable:
                raise ReloaderError(Event.NGINX_TOO_OLD, f"{binary}: {build.why_unsuitable}")
            try:
                lua = find_lua(self._settings.nginx, build)
            except OSError:  # no volume yet: it is tried again with the first wish
                lua, program = Lua(), None
            self._answer.describe(build, lua)
            self._program = program
        return self._answer.nginx_version

    def _find_master(self) -> Process | None:
        if self._master.find() and self._pending is None and self._live.wish.generation:
            self._pending = PendingReload(wish=self._live.wish, is_reported=False)
        return self._master.process

    def _check_workers(self, process: Process | None) -> None:
        self._master.check_workers()
        if process is None or not self._master.lacks_workers:
            return
        self.wait_s = _SOON_S
        if self._pending is None and self._master.is_stalled:
            log.warning(Event.NGINX_NO_WORKERS, pid=process.pid)
            self._pending = PendingReload(wish=self._live.wish, is_reported=False)

    def _await_nginx(self, pending: PendingReload) -> None:
        if not pending.is_announced and not self._master.quitting:
            conf = str(self._volume.live)
            log.info(Event.NGINX_WAITING, generation=pending.wish.generation, conf=conf)
            pending.is_announced = True
        self.wait_s = _SOON_S

    def _serve(self, process: Process, pending: PendingReload) -> None:
        if pending.deadline is None:
            pending.deadline = time.monotonic() + self._limit_s
        if not master.workers(process) and not self._master.is_stalled:  # it is starting
            self.wait_s = _STARTING_S
            return
        expected = self._expected(pending)
        is_served = verify.serves_already(process, expected, self._volume.live)
        if is_served and not self._must_reload:
            self._confirm(pending, frozenset())
            return
        outcome = self._reload(process, pending)
        if isinstance(outcome, frozenset):
            self._confirm(pending, outcome)
        elif outcome is Failure.LATE:
            self._fail(pending)
        elif outcome is Failure.OUTDATED:
            self.wait_s = 0.0

    def _reload(self, process: Process, pending: PendingReload) -> frozenset[Identity] | Failure:
        before = master.workers(process)
        try:
            master.signal_reload(process)
        except ProcessLookupError:
            return Failure.GONE
        except PermissionError as error:
            pending.deadline = None  # no fault of the wish
            reason = f"process {process.pid} belongs to another user"
            raise ReloaderError(Event.NGINX_UNREACHABLE, reason) from error
        if self._must_reload:
            self._must_reload, self._reloaded_for = False, self._endpoints.wanted
        signalled = time.monotonic()
        pending.durations["reload"] = (signalled - pending.promoted_at) * 1000
        deadline = pending.deadline or signalled + self._limit_s
        expected = self._expected(pending)
        outcome = verify.await_reload(process, before, expected, deadline, self._wake)
        pending.durations["verify"] = _ms_since(signalled)
        if isinstance(outcome, frozenset):
            self._master.write_off(master.workers(process) - outcome)
            self._warn_if_slow(pending)
        return outcome

    def _warn_if_slow(self, pending: PendingReload) -> None:
        verify_s = pending.durations["verify"] / 1000
        if verify_s >= self._limit_s / 2:
            log.warning(
                Event.RELOAD_SLOW,
                generation=pending.wish.generation,
                verify_ms=round(verify_s * 1000, 1),
                limit_ms=round(self._limit_s * 1000, 1),
            )

    @property
    def _limit_s(self) -> float:
        return verify.limit_s(self._settings.verify_timeout_s, self._check_ms / 1000)

    def _expected(self, pending: PendingReload) -> Expected:
        port = self._settings.status_port
        return Expected(
            pending.wish.generation,
            port,
            self._master.stuck,
            self._has_newer_wish,
            self._meanwhile,
        )

    def _has_newer_wish(self) -> bool:
        stamp = stamp_of(self._volume.wish)
        return stamp is not None and stamp != self._seen

    def _confirm(self, pending: PendingReload, started: frozenset[Identity]) -> None:
        self._live.confirm()
        self._pending = None
        self._answer.serves(pending.wish.generation)
        self._endpoints.doubt()
        self._pass_endpoints()
        if not pending.is_reported:
            return
        draining = self._master.draining()
        self._answer.accept(pending.wish, pending.durations, started, draining)
        log.info(
            Event.APPLIED,
            generation=pending.wish.generation,
            hash=pending.wish.hash,
            workers=len(started),
            draining=draining,
            **{f"{stage}_ms": round(ms, 1) for stage, ms in pending.durations.items()},
        )

    def _fail(self, pending: PendingReload) -> None:
        message = self._reason(pending)
        self._live.roll_back()
        self._pending = None
        log.error(
            Event.RELOAD_FAILED,
            generation=pending.wish.generation,
            message=message,
            restored=self._live.wish.generation,
        )
        if pending.is_reported:
            self._answer.fail(pending.wish, pending.durations, message)
            self._answer.write()
        if self._live.wish != pending.wish:
            self._return_to(PendingReload(wish=self._live.wish, is_reported=False))

    def _return_to(self, earlier: PendingReload) -> None:
        process = self._find_master()
        if process is None:
            return
        if self._expected(earlier).is_answered():
            # It never took the other, and reads this one at the next signal.
            with contextlib.suppress(OSError):
                master.signal_reload(process)
            return
        if isinstance(self._reload(process, earlier), frozenset):
            return
        message = self._reason(earlier)
        log.error(Event.ROLLBACK_FAILED, generation=earlier.wish.generation, message=message)

    def _reason(self, pending: PendingReload) -> str:
        port, limit = self._settings.status_port, f"within {self._limit_s:.3g} s"
        served = verify.served_generation(port)
        if self._master.process is None:
            return f"nginx ended, and was not back {limit}"
        if served is None:
            return f"nginx did not answer on http://127.0.0.1:{port}/generation {limit}"
        if served != pending.wish.generation:
            return f"nginx went on with generation {served} and did not change {limit}"
        return f"nginx did not replace all of its workers {limit}"


def _ms_since(started: float) -> float:
    return (time.monotonic() - started) * 1000
