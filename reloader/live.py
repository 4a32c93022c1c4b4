"""`live/nginx.conf`, what nginx reads: drafts, promotions, and the way back.

Its bytes are also held in memory, so that a live/ that was damaged or deleted is
whole again before nginx looks at it the next time.
"""

from reloader.contract import Stamp, Volume, Wish, read_or_none, stamp_of, write_atomically


class Live:
    """What lies in live/ (`wish`), and what is known to serve (`good`)."""

    def __init__(self, volume: Volume, bootstrap: Wish) -> None:
        self.wish = bootstrap
        self.good = bootstrap
        self.draft = volume.live.with_name(".candidate.conf")
        self._volume = volume
        self._stamp: Stamp | None = None

    def mend(self) -> bool:
        """Put in place what should be there. Tell whether it had been lost.

        At first it takes what an earlier reloader left; with nothing, the bootstrap.
        """
        self._volume.temp.mkdir(parents=True, exist_ok=True)
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
        """Write a wish beside live/nginx.conf, to be checked there."""
        write_atomically(self.draft, wish.encode())

    def promote_draft(self, wish: Wish) -> None:
        """Have nginx read the draft from now on."""
        self.draft.replace(self._volume.live)
        self._stamp = stamp_of(self._volume.live)
        self.wish = wish

    def drop_draft(self) -> None:
        """Take a refused draft away: the volume is memory."""
        self.draft.unlink(missing_ok=True)

    def confirm(self) -> None:
        """Take what lies there for good: nginx serves it."""
        self.good = self.wish

    def retreat(self) -> None:
        """Go back to what served before."""
        write_atomically(self._volume.live, self.good.encode())
        self._stamp = stamp_of(self._volume.live)
        self.wish = self.good
