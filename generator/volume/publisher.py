"""Puts wishes, and the files they name, on the shared volume.

Order matters: files come before the wish that names them, and go only once a later
wish is live. Whatever was on the volume before this process counts too.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from generator.directives import File
from generator.volume.files import read_file
from generator.volume.numbers import next_number
from reloader.contract import (
    Stamp,
    Volume,
    Wish,
    read_or_none,
    read_status,
    remove,
    stamp_of,
    write_atomically,
)

_FILE_MODE = 0o640
"""Keys are among the files: nginx reads them through the group that owns the volume."""

_MOST_REMEMBERED = 8
"""Wishes, while no reloader answers."""


class Publisher:
    """Writes to the volume. Every method may raise OSError: full, read-only, not there."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._named: dict[int, Mapping[str, File]] = {}
        self._written: dict[str, Stamp | None] = {}
        self._last: Wish | None = None

    def prepare(self) -> None:
        """Make the folders, and find out how far earlier processes have counted."""
        self._make_folders()
        self.drop_check()
        self._last = read_or_none(self._volume.wish, Wish.parse)

    def next_generation(self) -> int:
        """Return the number of the next wish: higher than any that was ever on this volume."""
        status, live = read_status(self._volume.status), read_or_none(self._volume.live, Wish.parse)
        told = [answer.generation for answer in (status, live) if answer]
        return next_number(self._last.generation if self._last else 0, told)

    def publish(self, wish: Wish, files: Iterable[File]) -> None:
        """Make this the wish; the rename of its file is the moment."""
        self._make_folders()
        named = {file.digest: file for file in files}
        for file in named.values():
            self._write(file)
        self._write_wish(wish)
        self._note(wish.generation, named)
        self._last = wish

    def repair(self) -> None:
        """Write again what somebody took away or damaged since; a wish of another stays."""
        if self._last is None or self._last.generation not in self._named:
            return
        self._make_folders()
        for named in self._named.values():
            for file in named.values():
                self._write(file)
        wish = self._volume.wish
        if not self._intact(wish) and read_or_none(wish, Wish.parse) is None:
            self._write_wish(self._last)

    def publish_check(self, body: bytes, files: Iterable[File]) -> Wish:
        """Have a configuration checked that is not to be served; return it with its number."""
        self._make_folders()
        for file in files:
            self._write(file)
        check = Wish.of(self._next_check(), body)
        write_atomically(self._volume.check, check.encode())
        return check

    def _next_check(self) -> int:
        earlier = read_or_none(self._volume.check, Wish.parse)
        answered = read_status(self._volume.checked)
        return next_number(0, [each.generation for each in (earlier, answered) if each])

    def drop_check(self) -> None:
        """Delete what was only to be checked: the volume is memory."""
        remove(self._volume.check)

    def room(self) -> tuple[int, bool]:
        """Return how many bytes are free, and whether the live file is as long as the wish."""
        found = os.statvfs(self._volume.root)
        wish, live = stamp_of(self._volume.wish), stamp_of(self._volume.live)
        is_copied = wish is None or (live is not None and live.size == wish.size)
        return found.f_bavail * found.f_frsize, is_copied

    @property
    def last(self) -> Wish | None:
        """The wish that is on the volume now."""
        return self._last

    def is_intact(self, digest: str) -> bool:
        """Whether a file has the bytes of its name; if not, the next wish has it written anew."""
        if read_file(self._volume, digest) is not None:
            return True
        self._written.pop(digest, None)
        return False

    def sweep(self, live: int) -> None:
        """Delete the files that neither the live wish nor a later one names."""
        if live not in self._named:
            return
        self._named = {g: named for g, named in self._named.items() if g >= live}
        kept = frozenset[str]().union(*self._named.values())
        for path in self._volume.files.iterdir():
            if path.name not in kept:
                remove(path)
                self._written.pop(path.name, None)

    def _note(self, generation: int, named: Mapping[str, File]) -> None:
        """Remember the files of the oldest wish, which may be live, and of the newest ones."""
        self._named[generation] = named
        oldest, *newer = self._named
        kept = (oldest, *newer[1 - _MOST_REMEMBERED :])
        self._named = {each: self._named[each] for each in kept}

    def _make_folders(self) -> None:
        for folder in (self._volume.wish.parent, self._volume.files):
            folder.mkdir(exist_ok=True)

    def _write_wish(self, wish: Wish) -> None:
        write_atomically(self._volume.wish, wish.encode())
        self._written[self._volume.wish.name] = stamp_of(self._volume.wish)

    def _write(self, file: File) -> None:
        path = self._volume.files / file.digest
        if self._intact(path):
            return
        write_atomically(path, file.content, mode=_FILE_MODE)
        self._written[file.digest] = stamp_of(path)

    def _intact(self, path: Path) -> bool:
        """Whether the file is still the one that was written; others can reach the volume."""
        stamp = stamp_of(path)
        return stamp is not None and stamp == self._written.get(path.name)


def claim(volume: Volume) -> int:
    """Take the volume for this process; give the descriptor that holds it.

    Two generators would each undo the wishes of the other, and sweep its files. Raises
    OSError where another has it. The kernel lets go of it when the process ends.
    """
    folder = os.open(volume.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        message = "another generator writes to this volume"
        raise OSError(errno.EWOULDBLOCK, message, str(volume.root)) from None
    return folder
