"""The one exception of the reloader that is not about a wish."""

from reloader.log_events import Event


class ReloaderError(Exception):
    """Something around the reloader is at fault, not the wish: a later try may succeed."""

    def __init__(self, event: Event, message: str) -> None:
        super().__init__(message)
        self.event = event
