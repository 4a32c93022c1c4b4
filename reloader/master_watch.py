"""Follows nginx's master and its workers from look to look, and logs what changes."""

import time

import structlog

from reloader import master
from reloader.contract import Volume
from reloader.log_events import Event
from reloader.master import Identity, Process

log = structlog.get_logger()

_STALLED_S = 1.0
"""A master that has no workers for so long does not start: it could spawn none, or they
ended at once, and it will not try again before it reloads."""


class MasterWatch:
    """The master that runs on this volume, and the state of its workers."""

    def __init__(self, volume: Volume) -> None:
        self.process: Process | None = None
        """The master that was found last; None where none runs."""
        self.stuck: frozenset[Identity] = frozenset()
        """Old workers that ignore the signal to quit; reloads do not wait for them."""
        self._volume = volume
        self._without_workers_since: float | None = None

    @property
    def lacks_workers(self) -> bool:
        """Whether it runs and had no workers at the last look."""
        return self._without_workers_since is not None

    @property
    def is_stalled(self) -> bool:
        """Whether it has had no workers for so long that it will start none by itself."""
        since = self._without_workers_since
        return since is not None and time.monotonic() > since + _STALLED_S

    def find(self) -> bool:
        """Look for the master and log a change. Return whether a new one has appeared."""
        found, earlier = master.find_master(self._volume), self.process
        self.process = found
        if (found and found.identity) == (earlier and earlier.identity):
            return False
        if earlier is not None:
            log.warning(Event.NGINX_GONE, pid=earlier.pid)
        if found is not None:
            log.info(Event.NGINX_FOUND, pid=found.pid)
        return found is not None

    def check_workers(self) -> None:
        """Note since when the master has had no workers."""
        if self.process is None or master.workers(self.process):
            self._without_workers_since = None
        elif self._without_workers_since is None:
            self._without_workers_since = time.monotonic()

    def write_off(self, stuck: frozenset[Identity]) -> None:
        """Stop waiting for these workers, and for no others."""
        for pid, _ in sorted(stuck - self.stuck):
            log.warning(Event.NGINX_STUCK, pid=pid)
        self.stuck = stuck

    def draining(self) -> int:
        """Count the workers of earlier configurations that finish what they have begun."""
        return master.draining(self.process) if self.process else 0
