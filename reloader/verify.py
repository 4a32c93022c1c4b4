"""Tells whether nginx really serves a generation: what it answers, and who answers.

A reload is over only when the status listener answers the new number on a fresh
connection and every worker that takes connections has started since: the master
starts the new ones, sleeps 100 ms, and only then tells the old ones to quit.
"""

import contextlib
import enum
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reloader import master
from reloader.log_events import Event, Trouble
from reloader.master import Identity, Process
from reloader.wakeup import Wake

_LOOK_AGAIN_S = 0.01
_STUCK_S = 2.0
"""An old worker that so long after its successors answer has not heard that it is to quit
hears nothing: it takes no connections either, and must not hold up changes."""
_STANDSTILL_S = 3.0
"""A reload of which nothing shows after so long may give way to a newer wish."""
_REQUEST = b"GET /generation HTTP/1.0\r\nHost: localhost\r\n\r\n"


class Failure(enum.Enum):
    """Why a generation is not served."""

    LATE = enum.auto()
    GONE = enum.auto()
    """The master has ended."""
    OUTDATED = enum.auto()
    """Nothing happens, and there is a newer wish."""


@dataclass(frozen=True)
class Expected:
    """What nginx should come to serve, and where it is asked."""

    generation: int
    port: int
    stuck: frozenset[Identity] = frozenset()
    """Old workers that nobody waits for any more."""
    is_outdated: Callable[[], bool] = lambda: False
    """Whether there is a newer wish."""

    def is_answered(self) -> bool:
        """Ask on a fresh connection."""
        return served_generation(self.port) == self.generation


def served_generation(port: int) -> int | None:
    """Ask nginx's status listener for its generation; None where there is no answer."""
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
    ):
        connection.sendall(_REQUEST)
        while part := connection.recv(4096):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].split()
    number = body.strip()
    return int(number) if status[1:2] == [b"200"] and number.isdigit() else None


def serves_already(process: Process, expected: Expected, conf: Path) -> bool:
    """Tell whether workers younger than the file `conf` serve it: no reload is needed."""
    placed_at = conf.stat().st_ctime
    workers = master.workers(process)
    young = all(master.started_since(worker, placed_at) for worker in workers)
    return bool(workers) and young and expected.is_answered()


def await_reload(
    process: Process,
    before: frozenset[Identity],
    expected: Expected,
    deadline: float,
    wake: Wake,
) -> frozenset[Identity] | Failure:
    """Wait until none but new workers serve it, and tell which they are.

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
        if not master.lives(process):
            return Failure.GONE
        if not fresh and now > signalled + _STANDSTILL_S and expected.is_outdated():
            return Failure.OUTDATED
        if now > deadline:
            return Failure.LATE
        wake.pause(_LOOK_AGAIN_S)
    raise Trouble(Event.STOPPED, "the reloader ends")
