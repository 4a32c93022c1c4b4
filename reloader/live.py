"""`live/nginx.conf`, which nginx reads: drafts, promotion and rollback.

Its bytes are also kept in memory, so that a live/ that was damaged or deleted is
restored before nginx reads it the next time.
"""

import stat
from pathlib import Path

from reloader.contract import Stamp, Volume, Wish, read_or_none, remove, stamp_of, write_atomically


class Live:
    """What is in live/ (`wish`), and what was last known to serve (`good`)."""

    def __init__(self, volume: Volume, bootstrap: Wish) -> None:
        self.wish = bootstrap
        self.good = bootstrap
        self.draft = volume.live.with_name(".candidate.conf")
        self._volume = volume
        self._stamp: Stamp | None = None

    def restore(self) -> bool:
        """Write what should be in live/, if it is not. Return whether it had been lost.

        The first call adopts what an earlier reloader left, else the bootstrap.
        """
        self._volume.temp.mkdir(parents=True, exist_ok=True)
        _make_room(self._volume.pid)
        stamp = stamp_of(self._volume.live)
        if stamp is not None and stamp == self._stamp:
            return False
        self._volume.live.parent.mkdir(parents=True, exist_ok=True)
        found = read_or_none(self._volume.live, Wish.parse)
        first = self._stamp is None
        if first and found is not None:
            self.wish = self.good = found
        lost = found != self.wish
        if lost:
            write_atomically(self._volume.live, self.wish.encode())
        self._stamp = stamp_of(self._volume.live)
        return lost and (not first or stamp is not None)

    def write_draft(self, wish: Wish) -> None:
        """Write a wish beside live/nginx.conf, for `nginx -t`."""
        write_atomically(self.draft, wish.encode())

    def promote_draft(self, wish: Wish) -> None:
        """Move the draft to where nginx reads it."""
        self.draft.replace(self._volume.live)
        self._stamp = stamp_of(self._volume.live)
        self.wish = wish

    def drop_draft(self) -> None:
        """Delete a refused draft: the volume is memory."""
        self.draft.unlink(missing_ok=True)

    def confirm(self) -> None:
        """Note that nginx serves what is in live/."""
        self.good = self.wish

    def roll_back(self) -> None:
        """Write what served before."""
        write_atomically(self._volume.live, self.good.encode())
        self._stamp = stamp_of(self._volume.live)
        self.wish = self.good


def _make_room(pid: Path) -> None:
    """Delete what nginx could not open as its pid file: it would refuse every wish then."""
    try:
        is_file = stat.S_ISREG(pid.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_file:
        remove(pid)
