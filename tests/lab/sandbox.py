"""Runs a command in a small machine of its own, which is gone when the command ends.

    python -m tests.lab.sandbox -- pytest tests/node

Inside, network, processes and mounts are its own: a bridge, iptables chains,
containers and volumes all vanish with the last process, however that ends. `/run`
and `/tmp` are empty and in memory, what is written below `/var` is kept aside, and
the kernel's own settings cannot be changed (a kubelet that insists is shown what it
wants to see). One trace would outlive it, a cgroup;
the outer process removes it. Needs root, since a node does.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tests.lab import namespace
from tests.lab.errors import LabError

CGROUP = "pillion-node-{pid}"
CGROUP_VARIABLE = "PILLION_NODE_CGROUP"
"""Within, the name of the cgroup below which everything must stay."""

_CGROUPS = Path("/sys/fs/cgroup")
_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWPID = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x20000000,
)
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


_SHOWN = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""Settings that a kubelet makes where they differ, and ends where it may not."""


def is_entered() -> bool:
    """Whether this process runs in a sandbox."""
    return CGROUP_VARIABLE in os.environ


def run(command: list[str]) -> int:
    """Runs it within; its exit status. This process must have one thread."""
    if os.geteuid() != 0:
        raise LabError("A sandbox for a node needs root.")
    _sweep_cgroups()
    cgroup = CGROUP.format(pid=os.getpid())
    folders = _make_cgroup(cgroup)
    try:
        namespace.enter()
        _call(_libc.unshare, _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID)
        child = os.fork()
        if not child:
            _be_first_process(command, cgroup)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # the first process has its own
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for folder in folders:
            _remove_cgroup(folder)


def _be_first_process(command: list[str], cgroup: str) -> NoReturn:
    """Process 1: makes the mounts, starts the command, reaps whatever is left to it."""
    status = 1
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _make_mounts()
        os.environ[CGROUP_VARIABLE] = cgroup
        child = os.posix_spawnp(command[0], command, os.environ)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda got, _: os.kill(child, got))
        while True:
            pid, ended = os.wait()
            if pid == child:
                status = abs(os.waitstatus_to_exitcode(ended))
                break
    except OSError as error:
        print(f"lab: the sandbox could not be made: {error}", file=sys.stderr)
    finally:
        os._exit(status)


def _make_mounts() -> None:
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("proc", "/proc", "proc")
    for settings in ("/proc/sys/kernel", "/proc/sys/vm"):
        _mount(settings, settings, None, _MS_BIND)
        _mount(None, settings, None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY)
    kept = [Path(each) for each in (Path.cwd(), sys.prefix, Path.home())]
    _mount("tmpfs", "/run", "tmpfs")
    if not any(path.is_relative_to("/tmp") for path in kept):
        _mount("tmpfs", "/tmp", "tmpfs")
        Path("/tmp").chmod(0o1777)
    for setting, value in _SHOWN.items():
        shown = Path("/run/.settings", setting)
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{value}\n")
        _mount(str(shown), f"/proc/sys/{setting}", None, _MS_BIND)
    upper, work = Path("/run/.var/upper"), Path("/run/.var/work")
    for folder in (upper, work):
        folder.mkdir(parents=True)
    _mount("overlay", "/var", "overlay", 0, f"lowerdir=/var,upperdir={upper},workdir={work}")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int = 0, data: str | None = None
) -> None:
    texts = (None if text is None else text.encode() for text in (source, target, kind))
    _call(_libc.mount, *texts, ctypes.c_ulong(flags), data.encode() if data else None)


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> None:
    if function(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _make_cgroup(name: str) -> list[Path]:
    """One folder in cgroup v2; in v1 one in each hierarchy."""
    folders = [root / name for root in _hierarchies()]
    for folder in folders:
        folder.mkdir()
    return folders


def _hierarchies() -> list[Path]:
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    mounted = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [Path(target) for _, target, kind, *_ in mounted if kind in {"cgroup", "cgroup2"}]


def _remove_cgroup(folder: Path) -> None:
    """From the leaves up; nothing runs in them any more."""
    for inner, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(inner).rmdir()


def _sweep_cgroups() -> None:
    """Removes what sandboxes left that were killed."""
    prefix = CGROUP.format(pid="")
    for root in _hierarchies():
        for folder in root.glob(f"{prefix}*"):
            if not Path("/proc", folder.name.removeprefix(prefix)).exists():
                _remove_cgroup(folder)


def main(arguments: list[str]) -> NoReturn:
    """Runs the command and ends as it does."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command or not shutil.which(command[0]):
        sys.exit("usage: python -m tests.lab.sandbox -- COMMAND [ARGUMENT ...]")
    try:
        sys.exit(run(command))
    except (LabError, OSError) as error:
        sys.exit(f"lab: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
