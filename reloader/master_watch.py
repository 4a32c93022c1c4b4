"""Follows nginx's master and its workers from look to look, and logs what changes.

A master that was told to end counts as gone: it finishes what is open and ignores the
signal to reload (decision 0091). It is known by having no worker that takes connections
while its status port refuses them; one that is short of workers still holds its ports.
"""

import time
from collections.abc import Callable

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

    def __init__(self, volume: Volume, is_listening: Callable[[], bool]) -> None:
        """Follow the master of a volume; `is_listening` says whether its status port is open."""
        self.process: Process | None = None
        """The master that was found last; None where none runs that can be told anything."""
        self.quitting: Process | None = None
        """A master that only finishes what is open."""
        self.stuck: frozenset[Identity] = frozenset()
        """Old workers that ignore the signal to quit; reloads do not wait for them."""
        self._volume = volume
        self._is_listening = is_listening
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
        was_quitting, self.quitting = self.quitting, None
        if found is not None and not (master.workers(found) or self._is_listening()):
            if was_quitting is None:
                log.info(Event.NGINX_QUITTING, pid=found.pid)
            self.process, self.quitting = None, found
            return False
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
