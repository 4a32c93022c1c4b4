"""Brings each wish into service, and answers it.

    look: mend live/ -> take the wish (check, place) -> settle (signal, verify) -> answer

A look does what there is to do now and returns; whoever calls it waits in between.
It starts from the files each time, so a wish that comes meanwhile is not lost, and
the newest wins. Where the surroundings are at fault (a full disk, no nginx), it says
so once and takes up the same step at a later look.
"""

import contextlib
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from reloader import check, master, verify
from reloader.answer import Answer
from reloader.check import Nginx, Refusal
from reloader.contract import ContractError, Stamp, Volume, Wish, stamp_of
from reloader.live import Live
from reloader.log_events import Event, Trouble
from reloader.master import Identity, Process
from reloader.verify import Expected, Failure
from reloader.wakeup import Wake

log = structlog.get_logger()

_SOON_S = 0.1
_AT_ONCE_S = 0.01
_BARE_S = 1.0
"""A master that has no workers for so long does not start: it could spawn none, or they
ended at once, and it will not try again before it reloads."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the reloader was told."""

    volume: Volume
    nginx: Nginx
    status_port: int
    verify_timeout_s: float
    poll_interval_s: float


@dataclass(kw_only=True)
class Placed:
    """A configuration that lies in live/ and is not known to be served yet."""

    wish: Wish
    answered: bool
    """Whether the generator is to hear what becomes of it."""
    durations: dict[str, float] = field(default_factory=dict)
    deadline: float | None = None
    """Until when nginx has to serve it; None as long as no nginx was there."""
    announced: bool = False
    placed_at: float = field(default_factory=time.monotonic)


class Reloader:
    """Looks after one volume."""

    def __init__(self, settings: Settings, live: Live, wake: Wake) -> None:
        self.patience_s = 0.0
        """How long the next look may wait where nothing calls for it sooner."""
        self._settings = settings
        self._volume = settings.volume
        self._live = live
        self._wake = wake
        self._answer = Answer(settings.volume)
        self._program: Stamp | None = None
        self._seen: Stamp | None = None
        self._tried: Wish | None = None
        self._placed: Placed | None = None
        self._master: Process | None = None
        self._stuck: frozenset[Identity] = frozenset()
        self._bare_since: float | None = None
        self._complaint = ""
        self._retry_s = 0.0

    def begin(self) -> str:
        """Learn what nginx is and serves. Give its version; raises Trouble where it will not do."""
        version = self._know_nginx()
        self._answer.serves(verify.served_generation(self._settings.status_port) or 0)
        return version

    def look(self) -> bool:
        """Do what there is to do. Tell whether next/ held something new."""
        self.patience_s = self._settings.poll_interval_s
        try:
            self._mend()
            fresh = self._take()
            self._settle()
            self._answer.write()
        except (OSError, Trouble) as trouble:
            self._complain(trouble)
            return False
        self._complaint, self._retry_s = "", 0.0
        return fresh

    def _complain(self, trouble: OSError | Trouble) -> None:
        """Say what hinders us, once, and try again soon, then ever less often."""
        if self._wake.stopping:
            return
        event = trouble.event if isinstance(trouble, Trouble) else Event.VOLUME_UNUSABLE
        message = self._told(trouble)
        if message != self._complaint:
            log.error(event, message=message)
        self._complaint = message
        self._retry_s = max(_SOON_S, 2 * self._retry_s)
        self.patience_s = min(self._retry_s, self._settings.poll_interval_s)

    def _told(self, trouble: OSError | Trouble) -> str:
        if isinstance(trouble, Trouble) or not trouble.strerror:
            return str(trouble)
        return f"{trouble.filename or self._volume.root}: {trouble.strerror}"

    # The steps of a look

    def _mend(self) -> None:
        if self._live.mend():
            log.warning(Event.LIVE_RESTORED, generation=self._live.wish.generation)
        self._answer.write()

    def _take(self) -> bool:
        stamp = stamp_of(self._volume.wish)
        if stamp is None or stamp == self._seen:
            return False
        wish = self._read()
        if wish is not None and wish != self._tried:
            log.debug(Event.WISH_SEEN, generation=wish.generation)
            self._try(wish, {"seen": max(0.0, (time.time_ns() - stamp.changed_ns) / 1e6)})
            self._tried = wish
        self._seen = stamp
        return True

    def _settle(self) -> None:
        process = self._find_master()
        self._look_for_workers(process)
        placed = self._placed
        if placed is None:
            return
        if placed.deadline is not None and time.monotonic() > placed.deadline:
            self._fail(placed)
        elif process is None:
            self._await_nginx(placed)
        else:
            self._serve(process, placed)

    # Taking a wish

    def _read(self) -> Wish | None:
        try:
            return Wish.parse(self._volume.wish.read_bytes())
        except ContractError as error:
            log.warning(Event.WISH_MALFORMED, message=str(error))
            return None

    def _try(self, wish: Wish, durations: dict[str, float]) -> None:
        if wish != self._live.wish:
            self._know_nginx()
            started = time.monotonic()
            self._live.write_draft(wish)
            refusal = check.check(self._settings.nginx, self._live.draft, self._wake)
            durations["check"] = _ms_since(started)
            if refusal is not None:
                self._refuse(wish, durations, refusal)
                return
            self._live.promote_draft(wish)
        self._placed = Placed(wish=wish, answered=True, durations=durations)

    def _refuse(self, wish: Wish, durations: dict[str, float], refusal: Refusal) -> None:
        self._live.drop_draft()
        if refusal.file == str(self._live.draft):
            refusal = replace(refusal, file=str(self._volume.wish))
        log.warning(
            Event.WISH_REFUSED,
            generation=wish.generation,
            message=refusal.message,
            file=refusal.file,
            line=refusal.line,
            serving=self._answer.serving,
        )
        self._answer.refuse(wish, durations, refusal)
        if self._placed is not None:
            self._placed.answered = False  # the newer wish has the answer now

    def _know_nginx(self) -> str:
        """Ask the nginx program what it is, where it is another than before."""
        binary = self._settings.nginx.binary
        program = stamp_of(Path(shutil.which(binary) or binary))
        if program is None or program != self._program:
            build = check.ask_build(self._settings.nginx)
            if build.unfit:
                raise Trouble(Event.NGINX_TOO_OLD, f"{binary}: {build.unfit}")
            self._answer.describe(build)
            self._program = program
        return self._answer.nginx_version

    # Having nginx serve it

    def _find_master(self) -> Process | None:
        process, known = master.find_master(self._volume), self._master
        if (process and process.identity) == (known and known.identity):
            return process
        self._master = process
        if known is not None:
            log.warning(Event.NGINX_GONE, pid=known.pid)
        if process is not None:
            log.info(Event.NGINX_FOUND, pid=process.pid)
            if self._placed is None and self._live.wish.generation:
                self._placed = Placed(wish=self._live.wish, answered=False)
        return process

    def _look_for_workers(self, process: Process | None) -> None:
        if process is None or master.workers(process):
            self._bare_since = None
            return
        if self._bare_since is None:
            self._bare_since = time.monotonic()
        self.patience_s = _SOON_S
        if self._placed is None and self._is_bare():
            log.warning(Event.NGINX_NO_WORKERS, pid=process.pid)
            self._placed = Placed(wish=self._live.wish, answered=False)

    def _is_bare(self) -> bool:
        since = self._bare_since
        return since is not None and time.monotonic() > since + _BARE_S

    def _await_nginx(self, placed: Placed) -> None:
        if not placed.announced:
            conf = str(self._volume.live)
            log.info(Event.NGINX_WAITING, generation=placed.wish.generation, conf=conf)
            placed.announced = True
        self.patience_s = _SOON_S

    def _serve(self, process: Process, placed: Placed) -> None:
        if placed.deadline is None:
            placed.deadline = time.monotonic() + self._settings.verify_timeout_s
        if not master.workers(process) and not self._is_bare():  # it is starting
            self.patience_s = _AT_ONCE_S
            return
        if verify.serves_already(process, self._expected(placed), self._volume.live):
            self._confirm(placed, frozenset())
            return
        outcome = self._reload(process, placed)
        if isinstance(outcome, frozenset):
            self._confirm(placed, outcome)
        elif outcome is Failure.LATE:
            self._fail(placed)
        elif outcome is Failure.OUTDATED:
            self.patience_s = 0.0

    def _reload(self, process: Process, placed: Placed) -> frozenset[Identity] | Failure:
        before = master.workers(process)
        try:
            master.hang_up(process)
        except ProcessLookupError:
            return Failure.GONE
        except PermissionError as error:
            placed.deadline = None  # no fault of the wish
            reason = f"process {process.pid} belongs to another user"
            raise Trouble(Event.NGINX_UNREACHABLE, reason) from error
        signalled = time.monotonic()
        placed.durations["reload"] = (signalled - placed.placed_at) * 1000
        deadline = placed.deadline or signalled + self._settings.verify_timeout_s
        expected = self._expected(placed)
        outcome = verify.await_reload(process, before, expected, deadline, self._wake)
        placed.durations["verify"] = _ms_since(signalled)
        if isinstance(outcome, frozenset):
            self._write_off(master.workers(process) - outcome)
        return outcome

    def _expected(self, placed: Placed) -> Expected:
        port = self._settings.status_port
        return Expected(placed.wish.generation, port, self._stuck, self._has_newer_wish)

    def _has_newer_wish(self) -> bool:
        stamp = stamp_of(self._volume.wish)
        return stamp is not None and stamp != self._seen

    def _write_off(self, stuck: frozenset[Identity]) -> None:
        for pid, _ in sorted(stuck - self._stuck):
            log.warning(Event.NGINX_STUCK, pid=pid)
        self._stuck = stuck

    def _confirm(self, placed: Placed, started: frozenset[Identity]) -> None:
        self._live.confirm()
        self._placed = None
        self._answer.serves(placed.wish.generation)
        if not placed.answered:
            return
        draining = master.draining(self._master) if self._master else 0
        self._answer.accept(placed.wish, placed.durations, started, draining)
        log.info(
            Event.APPLIED,
            generation=placed.wish.generation,
            hash=placed.wish.hash,
            workers=len(started),
            draining=draining,
            **{f"{stage}_ms": round(ms, 1) for stage, ms in placed.durations.items()},
        )

    # Going back

    def _fail(self, placed: Placed) -> None:
        message = self._reason(placed)
        self._live.retreat()
        self._placed = None
        log.error(
            Event.RELOAD_FAILED,
            generation=placed.wish.generation,
            message=message,
            restored=self._live.wish.generation,
        )
        if placed.answered:
            self._answer.fail(placed.wish, placed.durations, message)
            self._answer.write()
        if self._live.wish != placed.wish:
            self._return_to(Placed(wish=self._live.wish, answered=False))

    def _return_to(self, earlier: Placed) -> None:
        process = self._find_master()
        if process is None:
            return
        if self._expected(earlier).is_answered():
            # It never took the other, and will find this one whenever it looks.
            with contextlib.suppress(OSError):
                master.hang_up(process)
            return
        if isinstance(self._reload(process, earlier), frozenset):
            return
        message = self._reason(earlier)
        log.error(Event.RESTORE_FAILED, generation=earlier.wish.generation, message=message)

    def _reason(self, placed: Placed) -> str:
        port, limit = self._settings.status_port, f"within {self._settings.verify_timeout_s:g} s"
        served = verify.served_generation(port)
        if self._master is None:
            return f"nginx ended, and was not back {limit}"
        if served is None:
            return f"nginx did not answer on http://127.0.0.1:{port}/generation {limit}"
        if served != placed.wish.generation:
            return f"nginx went on with generation {served} and did not change {limit}"
        return f"nginx did not replace all of its workers {limit}"


def _ms_since(started: float) -> float:
    return (time.monotonic() - started) * 1000
