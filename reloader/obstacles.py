"""Logs each obstacle once, and spaces the tries to get past it."""

import structlog

from reloader.contract import Volume
from reloader.errors import ReloaderError
from reloader.log_events import Event

log = structlog.get_logger()

_FIRST_RETRY_S = 0.1


class Obstacles:
    """What keeps a look from being completed, as long as it lasts."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._logged = ""
        self._retry_s = 0.0

    def meet(self, error: OSError | ReloaderError) -> float:
        """Log it, unless it was logged last. Return how long to wait before the next try."""
        event = error.event if isinstance(error, ReloaderError) else Event.VOLUME_UNUSABLE
        message = self._message(error)
        if message != self._logged:
            log.error(event, message=message)
        self._logged = message
        self._retry_s = max(_FIRST_RETRY_S, 2 * self._retry_s)
        return self._retry_s

    def clear(self) -> None:
        """Note that a look was completed."""
        self._logged, self._retry_s = "", 0.0

    def _message(self, error: OSError | ReloaderError) -> str:
        if isinstance(error, ReloaderError) or not error.strerror:
            return str(error)
        return f"{error.filename or self._volume.root}: {error.strerror}"
