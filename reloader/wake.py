"""The one wake-up that everything feeds: hints of files, signals, ends of time.

An eventfd, not a threading.Event: a signal handler may ring it while the main
thread is about to wait, without a lock that the two could hold against each other.
"""

import os
import select
import types


class Wake:
    """Rung from any thread or signal handler, waited for in one."""

    def __init__(self) -> None:
        self.stopping = False
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        os.eventfd_write(self._descriptor, 1)

    def stop(self, _signal: int = 0, _frame: types.FrameType | None = None) -> None:
        """Ask for the end; a signal handler."""
        self.stopping = True
        self.ring()

    def wait(self, timeout_s: float, *readable: int) -> bool:
        """Wait for a ring, or for one of the descriptors. Tell whether it rang."""
        poll = select.poll()
        for descriptor in (self._descriptor, *readable):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(0, timeout_s) * 1000)}
        if self._descriptor not in ready:
            return False
        os.eventfd_read(self._descriptor)
        return True
