"""The one wake-up for all causes: changed files, signals, the end of a wait.

Made of eventfds, not of a threading.Event: a signal handler may ring it while the main
thread is about to wait, and with a lock the two could deadlock.
"""

import os
import select
import types

_FLAGS = os.EFD_NONBLOCK | os.EFD_CLOEXEC


class Wake:
    """Rung from any thread or signal handler, waited for in one thread."""

    def __init__(self) -> None:
        self.stopping = False
        self._rung = os.eventfd(0, _FLAGS)
        self._stopped = os.eventfd(0, _FLAGS)

    def ring(self) -> None:
        """End the current wait, or the next one."""
        os.eventfd_write(self._rung, 1)

    def stop(self, _signal: int = 0, _frame: types.FrameType | None = None) -> None:
        """Ask the program to end: no wait lasts any longer. Serves as a signal handler."""
        self.stopping = True
        os.eventfd_write(self._stopped, 1)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring. Return whether there was one since the last wait."""
        if self._rung not in self._ready(timeout_s, self._rung):
            return False
        os.eventfd_read(self._rung)
        return True

    def pause(self, timeout_s: float, *readable: int) -> None:
        """Wait for one of these descriptors; a ring stays for the next `wait`."""
        self._ready(timeout_s, *readable)

    def _ready(self, timeout_s: float, *descriptors: int) -> set[int]:
        poll = select.poll()
        for descriptor in (self._stopped, *descriptors):
            poll.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(max(0.0, timeout_s) * 1000)}
