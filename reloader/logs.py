"""The log format of both programs: one JSON object a line on stderr.

`timestamp` (RFC 3339, UTC), `level`, `event` (a constant of the program's closed
list), `component`, then the event's key-values. What libraries log, and what ends a
thread or the program, comes in the same form.
"""

import enum
import logging
import sys
import threading
import types
from typing import Self, TextIO

import structlog
from structlog.typing import EventDict


class LogEvent(enum.StrEnum):
    """Base of the closed lists of events: each member has a text and a description."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        """Return a member with its text and its description."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member


class Event(LogEvent):
    """The events that all programs may log; each has its own list besides."""

    LIBRARY_LOGGED = "library.logged", "A library, `logger`, says `message`."
    PROGRAM_CRASHED = (
        "program.crashed",
        "An unexpected error, `exception`. Please report it.",
    )


def configure(component: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every later log line of this process to `stream` (stderr) as JSON.

    `component` is the program that logs (`generator`, `reloader`, `pillion`); `level` is the
    least severe level that is written (`debug`, `info`, `warning`, `error`).
    """

    def sign(_logger: object, _method: str, line: EventDict) -> EventDict:
        return {"component": component, **line}

    severity = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            sign,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_LibraryHandler()], level=logging.WARNING, force=True)
    sys.excepthook = _log_crash
    threading.excepthook = lambda thread: _log_crash(
        thread.exc_type, thread.exc_value, thread.exc_traceback
    )


class _LibraryHandler(logging.Handler):
    """Logs what libraries log with the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            Event.LIBRARY_LOGGED,
            logger=record.name,
            message=record.getMessage(),
            exc_info=record.exc_info,
        )


def _log_crash(
    kind: type[BaseException],
    error: BaseException | None,
    traceback: types.TracebackType | None,
) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        structlog.get_logger().critical(Event.PROGRAM_CRASHED, exc_info=(kind, error, traceback))
