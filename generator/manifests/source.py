"""Keeps the snapshot of a folder fresh: watchdog hints at changes, and a slow poll finds all."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from generator.manifests.folder import Folder
from generator.manifests.scan import Scan, scan
from generator.snapshot import Snapshot

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_WRITES = frozenset({"created", "modified", "moved", "deleted", "closed"})
_MAX_WATCHES = 64
"""Each watched folder costs two threads; changes in the others are found by the poll."""
_MAX_SCANS = 30


class ManifestSource:
    """Folders and files as a Source."""

    def __init__(
        self, paths: Sequence[Path], *, poll_s: float = 2.0, settle_s: float = 0.03
    ) -> None:
        self._paths = tuple(paths)
        self._poll_s = poll_s
        self._settle_s = settle_s
        self._folder = Folder()
        self._snapshot = Snapshot()
        self._hinted = asyncio.Event()
        self._read = asyncio.Event()
        self._differs = asyncio.Event()

    async def run(self) -> None:
        """Read, and keep reading until cancelled."""
        loop = asyncio.get_running_loop()
        hints = _Hints(lambda: loop.call_soon_threadsafe(self._hinted.set))
        last: Scan | None = None
        try:
            while True:
                self._hinted.clear()
                seen = await self._settled(last)
                hints.watch(seen.folders)
                if seen != last:
                    self._publish(await asyncio.to_thread(self._folder.read, seen))
                last = seen
                self._read.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hinted.wait(), self._poll_s)
        finally:
            hints.stop()

    async def ready(self) -> None:
        """Return once everything was read once."""
        await self._read.wait()

    async def changed(self) -> None:
        """Return once the next snapshot differs from the last one taken."""
        await self._differs.wait()

    def snapshot(self) -> Snapshot:
        """Return everything read so far."""
        self._differs.clear()
        return self._snapshot

    async def _settled(self, last: Scan | None) -> Scan:
        """Scan until two scans are equal: an editor empties a file before it fills it."""
        seen = await asyncio.to_thread(scan, self._paths)
        for _ in range(_MAX_SCANS):
            if seen == last:
                break
            await asyncio.sleep(self._settle_s)
            before, seen = seen, await asyncio.to_thread(scan, self._paths)
            if seen == before:
                break
        return seen

    def _publish(self, snapshot: Snapshot) -> None:
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            self._differs.set()


class _Hints(FileSystemEventHandler):
    """Calls back when something may have changed; whatever is missed here, the poll finds."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._observer: BaseObserver | None = None
        self._watches: dict[tuple[Path, int], ObservedWatch] = {}
        with suppress(OSError, RuntimeError):
            self._observer = Observer()
            self._observer.start()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on writes; reading a folder is an event as well."""
        if event.event_type in _WRITES:
            with suppress(RuntimeError):  # the loop has ended
                self._call()

    def watch(self, folders: Sequence[Path]) -> None:
        """Watch exactly these folders from now on, without their sub-folders."""
        if self._observer is None:
            return
        wanted = {(folder, _inode(folder)) for folder in folders[:_MAX_WATCHES]}
        for key in self._watches.keys() - wanted:
            with suppress(OSError, KeyError, RuntimeError):
                self._observer.unschedule(self._watches.pop(key))
        for key in wanted - self._watches.keys():
            with suppress(OSError, RuntimeError):
                self._watches[key] = self._observer.schedule(self, str(key[0]))

    def stop(self) -> None:
        """End the threads."""
        if self._observer is not None:
            with suppress(OSError, RuntimeError):
                self._observer.stop()


def _inode(folder: Path) -> int:
    """Return what distinguishes a folder from one made anew, which needs a watch of its own."""
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
