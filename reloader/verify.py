"""Verifies that nginx serves a generation: by what it answers, and by which workers answer.

A reload is over only when the status listener answers the new number on a fresh
connection and every worker that takes connections has started since: the master
starts the new ones, sleeps 100 ms, and only then tells the old ones to quit.
"""

import enum
import http.client
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reloader import master
from reloader.errors import ReloaderError
from reloader.log_events import Event
from reloader.master import Identity, Process
from reloader.wakeup import Wake

_LOOK_AGAIN_S = 0.01
_STUCK_S = 2.0
"""An old worker that has not begun to quit so long after its successors answer is stuck: it
accepts no connections either, and must not hold up changes."""
_STANDSTILL_S = 3.0
"""A reload that has had no effect for so long may give way to a newer wish."""
_CHECKS = 5
"""A reload parses what the check parsed, and starts workers: measured, twice as long."""


class Failure(enum.Enum):
    """Why a generation is not served."""

    LATE = enum.auto()
    GONE = enum.auto()
    """The master has ended, or was told to."""
    OUTDATED = enum.auto()
    """The reload has no effect, and there is a newer wish."""


@dataclass(frozen=True)
class Expected:
    """What nginx should serve after a reload, and the port to ask it on."""

    generation: int
    port: int
    stuck: frozenset[Identity] = frozenset()
    """Old workers that are not waited for."""
    is_outdated: Callable[[], bool] = lambda: False
    """Whether there is a newer wish."""
    meanwhile: Callable[[], None] = lambda: None
    """Is called again and again until the reload is over."""

    def is_answered(self) -> bool:
        """Return whether nginx answers the generation on a fresh connection."""
        return served_generation(self.port) == self.generation


def limit_s(least_s: float, check_s: float) -> float:
    """Return how long a reload may take after a check that took so long."""
    return max(least_s, _CHECKS * check_s)


def served_generation(port: int) -> int | None:
    """Return the generation that nginx's status listener answers; None without an answer."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
            connection.request("GET", "/generation", headers={"Connection": "close"})
            response = connection.getresponse()
            number = response.read().strip()
    except (OSError, http.client.HTTPException):
        return None
    return int(number) if response.status == 200 and number.isdigit() else None


def is_listening(port: int) -> bool:
    """Return whether something takes connections on this port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def serves_already(process: Process, expected: Expected, conf: Path) -> bool:
    """Return whether workers younger than the file `conf` serve it, so no reload is needed."""
    promoted_at = conf.stat().st_ctime
    workers = master.workers(process)
    young = all(master.started_since(worker, promoted_at) for worker in workers)
    return bool(workers) and young and expected.is_answered()


def await_reload(
    process: Process,
    before: frozenset[Identity],
    expected: Expected,
    deadline: float,
    wake: Wake,
) -> frozenset[Identity] | Failure:
    """Wait until only new workers serve it, and return them, or why they do not.

    `before` are the workers at the time of the signal.
    """
    signalled, answered = time.monotonic(), float("inf")
    while not wake.stopping:
        workers, now = master.workers(process), time.monotonic()
        fresh = workers - before
        if fresh and expected.is_answered():
            answered = min(answered, now)
            if workers - expected.stuck == fresh or now > answered + _STUCK_S:
                return fresh
        if not master.is_running(process) or not (workers or is_listening(expected.port)):
            return Failure.GONE
        if not fresh and now > signalled + _STANDSTILL_S and expected.is_outdated():
            return Failure.OUTDATED
        if now > deadline:
            return Failure.LATE
        wake.pause(_LOOK_AGAIN_S)
        expected.meanwhile()
    raise ReloaderError(Event.STOPPED, "the reloader ends")
