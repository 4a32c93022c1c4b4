"""One child process: how it is started, what becomes of its lines, and when it has ended.

asyncio's own subprocesses do not do: their `wait` also waits for the pipes, which the
workers of a killed nginx hold open (Python 3.11).
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import IO

from pillion.log_relay import Splitter

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_PART_BYTES = 1 << 16


class Child:
    """A process that leads a process group of its own.

    A Ctrl-C in the terminal reaches us alone, then, and what a dead child leaves
    behind can still be ended. When we die without a word, the kernel ends it.
    """

    def __init__(
        self, command: Sequence[str], *, orphaned: signal.Signals, line: Callable[[bytes], None]
    ) -> None:
        """Start it. Raises OSError. Must be called by the main thread: see prctl(2)."""

        def die_with_us() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, orphaned)

        # preexec_fn runs one system call in the child, and takes no lock.
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            preexec_fn=die_with_us,  # noqa: PLW1509
        )
        for stream in (self._popen.stdout, self._popen.stderr):
            assert stream is not None  # noqa: S101 - pipes were asked for
            _pass_on(stream, line)
        self.ended = asyncio.create_task(asyncio.to_thread(self._popen.wait))
        """Its exit status; negative: the signal that ended it."""

    @property
    def pid(self) -> int:
        """Its number, also that of its group."""
        return self._popen.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to it and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _pass_on(stream: IO[bytes], line: Callable[[bytes], None]) -> None:
    """Hand on each line as it comes, until nobody can write any more."""
    loop = asyncio.get_running_loop()
    splitter = Splitter()
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
