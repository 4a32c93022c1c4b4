"""The log format of both programs: one JSON object a line on stderr.

`timestamp` (RFC 3339, UTC), `level`, `event` (a constant of the program's closed
list), `component`, then the event's key-values.
"""

import logging
import sys
from typing import TextIO

import structlog


def configure(component: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every later log line of this process to `stream` (stderr) as JSON.

    `component` is who speaks (`generator`, `reloader`, `pillion`); `level` is the
    least severe level that is written (`debug`, `info`, `warning`, `error`).
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(component=component)
