"""A program that runs in the background, with a log, and never outlives its starter."""

import ctypes
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Process:
    """One running program; its output goes to `log`."""

    name: str
    log: Path
    popen: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, name: str, command: list[str], log: Path) -> "Process":
        """Starts it; the kernel kills it when this process dies, however it dies."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_starter,  # noqa: PLW1509 - one system call, no lock
            )
        return cls(name, log, popen)

    def check_alive(self) -> None:
        """Raises a LabError with the end of the log when it has ended by itself."""
        if self.popen.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise LabError(f"{self.name} ended with {self.popen.returncode}; its log ends:\n{tail}")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, to a running process only."""
        if self.popen.poll() is None:
            os.kill(self.popen.pid, number)

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self.popen.wait()


def _die_with_starter() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
