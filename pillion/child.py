"""One child process: its start, its output line by line, and its end.

asyncio's own subprocesses are unsuitable: their `wait` also waits for the pipes, which
the workers of a killed nginx keep open (Python 3.11).
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import IO

from pillion.log_relay import LineSplitter

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_PART_BYTES = 1 << 16


class Child:
    """A process that leads a process group of its own.

    So a Ctrl-C in the terminal reaches `pillion up` alone, and processes that a dead child
    leaves behind can still be ended. When `pillion up` is killed, the kernel ends the child.
    """

    def __init__(
        self, command: Sequence[str], *, parent_death: signal.Signals, line: Callable[[bytes], None]
    ) -> None:
        """Start it; `line` is called with each line. Raises OSError.

        Must be called by the main thread: see PR_SET_PDEATHSIG in prctl(2).
        """

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, parent_death)

        # preexec_fn is safe here: it makes one system call and takes no lock.
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )
        for stream in (self._popen.stdout, self._popen.stderr):
            assert stream is not None  # noqa: S101 - pipes were asked for
            _read_lines(stream, line)
        self.ended = asyncio.create_task(asyncio.to_thread(self._popen.wait))
        """Done once it has ended, with its exit status; negative: the signal that ended it."""

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._popen.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal if it still runs."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _read_lines(stream: IO[bytes], line: Callable[[bytes], None]) -> None:
    """Call `line` with each line that arrives, until the last writer has closed the pipe."""
    loop = asyncio.get_running_loop()
    splitter = LineSplitter()
    source = stream.fileno()
    os.set_blocking(source, False)

    def read() -> None:
        try:
            part = os.read(source, _PART_BYTES)
        except BlockingIOError:
            return
        for whole in splitter.feed(part):
            line(whole)
        if not part:
            if rest := splitter.rest():
                line(rest)
            loop.remove_reader(source)
            stream.close()

    loop.add_reader(source, read)
