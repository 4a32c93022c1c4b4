"""Finds nginx's master and its workers in /proc; nothing is cached.

The master is the process whose title says so and names the volume's `live/nginx.conf`.
It may be any process's child, and in a pod with a shared process namespace it belongs to
another container. The pid file is only a hint: a killed nginx leaves it behind, and its
number may be another process's by now. Pids are reused, so a process is identified by
its pid and its start time.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reloader.contract import Volume, read_or_none

_MASTER = b"nginx: master process "
_WORKER = b"nginx: worker process"
_LEAVING = b"nginx: worker process is shutting down"
_LONGEST_PID = 20
"""Bytes of the file, with a line end."""
_TICKS = os.sysconf("SC_CLK_TCK")

Identity = tuple[int, int]
"""The pid of a process and its start time: unique until the machine restarts."""


@dataclass(frozen=True)
class Process:
    """One process; `started` is in clock ticks since the machine's start."""

    pid: int
    started: int
    parent: int
    title: bytes

    @property
    def identity(self) -> Identity:
        """Return what distinguishes it from every other process."""
        return self.pid, self.started


def find_master(volume: Volume) -> Process | None:
    """Return the master that runs on this volume, the newest if an old one lingers."""
    hinted = _hinted(volume)
    if hinted is not None and _names(hinted.title, volume.live):
        return hinted
    masters = [process for process in _processes(_MASTER) if _names(process.title, volume.live)]
    # A worker that was forked this moment still has the title of its master.
    pids = {process.pid for process in masters}
    grown = [process for process in masters if process.parent not in pids]
    return max(grown, key=lambda process: process.started, default=None)


def workers(master: Process) -> frozenset[Identity]:
    """Return the identities of the workers that accept connections."""
    return frozenset(
        process.identity
        for process in _children(master)
        if process.title.startswith(_WORKER) and not process.title.startswith(_LEAVING)
    )


def draining(master: Process) -> int:
    """Count the workers that only finish what they have begun."""
    return sum(process.title.startswith(_LEAVING) for process in _children(master))


def is_running(process: Process) -> bool:
    """Return whether this very process still runs, not a later one with its pid."""
    now = _read(process.pid)
    return now is not None and now.identity == process.identity


def signal_reload(master: Process) -> None:
    """Make the master reload its configuration. Raises OSError where it is gone or not ours."""
    os.kill(master.pid, signal.SIGHUP)


def started_since(process: Identity, time_s: float) -> bool:
    """Return whether it started after a file's `st_ctime`, to a tick of 10 ms."""
    machine_started_s = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return machine_started_s + (process[1] + 1) / _TICKS >= time_s


def _names(title: bytes, conf: Path) -> bool:
    """Return whether it is the title of a master that was started with this configuration."""
    if not title.startswith(_MASTER):
        return False
    # Unlike Path.resolve, it takes a link that leads to itself for what it is.
    named = (f"-c {path} ".encode() for path in {str(conf), os.path.realpath(conf)})
    return any(name in title + b" " for name in named)


def _hinted(volume: Volume) -> Process | None:
    pid = read_or_none(volume.pid, int, _LONGEST_PID)
    return _read(pid) if pid else None


def _children(parent: Process) -> Iterator[Process]:
    """Yield the children, from the kernel's own list if it keeps one."""
    try:
        listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_bytes().split()
    except (FileNotFoundError, ProcessLookupError):
        return (process for process in _processes() if process.parent == parent.pid)
    return filter(None, (_read(int(pid)) for pid in listed))


def _processes(titled: bytes = b"") -> Iterator[Process]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return filter(None, (_read(pid, titled) for pid in pids))


def _read(pid: int, titled: bytes = b"") -> Process | None:
    """Return one process; None where there is none, or its title begins otherwise."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
        if not title.startswith(titled):
            return None
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the fields after it are plain.
    fields = stat[stat.rindex(b")") + 2 :].split()
    zombie = fields[0] in {b"Z", b"X"}
    return (
        None
        if zombie
        else Process(
            pid=pid,
            started=int(fields[19]),
            parent=int(fields[1]),
            title=title.replace(b"\0", b" ").strip(),
        )
    )
