"""Wakes the reloader when `next/` may have changed: a hint, never the truth.

watchdog loses events on overflow, and its threads can die while the observer says
it is alive. So the reloader also polls; where the poll finds a change without a hint,
`renew` replaces the observer.
"""

import contextlib
import logging
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from reloader.contract import Volume
from reloader.wakeup import Wake

# It warns of each observer that is replaced, and of overflows: neither is news here.
logging.getLogger("watchdog").setLevel(logging.CRITICAL)


class Hints:
    """Rings `wake` when a file is renamed within next/, or when next/ itself appears."""

    def __init__(self, volume: Volume, wake: Wake) -> None:
        self._root = volume.root
        self._next = volume.wish.parent
        self._wake = wake
        self._observer: BaseObserver | None = None
        self._watched: tuple[int, int] | None = None

    def ensure(self) -> None:
        """Watch next/; start again where it was replaced or a thread has died."""
        here = _identity(self._next)
        if self._observer is not None and _lives(self._observer) and here == self._watched:
            return
        self.renew()

    def renew(self) -> None:
        """Replace the observer, even if it says that it is alive."""
        self.close()
        self._watched = _identity(self._next)
        ring = _Ring(self._wake)
        # Out of inotify instances, or the folder is gone again: polling is enough then.
        with contextlib.suppress(OSError):
            self._observer = Observer()
            self._observer.schedule(
                ring, str(self._root), event_filter=[DirCreatedEvent, DirMovedEvent]
            )
            if self._watched is not None:
                self._observer.schedule(ring, str(self._next), event_filter=[FileMovedEvent])
            self._observer.start()

    def close(self) -> None:
        """Stop watching. Does not wait for the threads: they are daemons."""
        if self._observer is not None:
            self._observer.stop()
        self._observer = None


class _Ring(FileSystemEventHandler):
    """Only wakes the reloader: an exception in a handler would end the observer."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake

    def dispatch(self, event: FileSystemEvent) -> None:
        del event
        self._wake.ring()


def _lives(observer: BaseObserver) -> bool:
    return all(thread.is_alive() for thread in (observer, *observer.emitters))


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
