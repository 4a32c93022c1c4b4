"""Relays log lines: whole lines only, all of them JSON, and never at the cost of traffic.

A worker of nginx blocks when its log is not read. So the output of the three processes
is always read at once, and written by a thread; when its reader is too slow, lines
are dropped and counted.
"""

import contextlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from pillion.log_events import Event

_MAX_LINE_BYTES = 1 << 20
_MAX_WAITING_BYTES = 8 << 20
_NGINX = re.compile(
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?P<level>[a-z]+)\] (?:\d+#\d+: )?(?P<text>.*)"
)
_LEVELS = {
    "warn": "warning",
    "notice": "info",
    "emerg": "critical",
    "alert": "critical",
    "crit": "critical",
}


class Sink:
    """The one output of all lines; structlog writes to it as to a text stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Relay one line, with its newline. Never waits."""
        with self._change:
            if self._bytes + len(line) > _MAX_WAITING_BYTES:
                self._dropped += 1
                return
            self._waiting.append(line)
            self._bytes += len(line)
            self._change.notify()

    def write(self, text: str) -> None:
        """Relay one line that `pillion up` itself logs."""
        self.put(text.encode())

    def flush(self) -> None:
        """Do nothing: lines are written as they arrive."""

    def close(self, timeout_s: float = 2.0) -> None:
        """Write the lines that wait, for `timeout_s` at most."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (lines := self._take()) is not None:
            # The reader may be gone; the processes must go on all the same.
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(lines)
                self._stream.flush()

    def _take(self) -> bytes | None:
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            lines = b"".join(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            dropped, self._dropped = self._dropped, 0
        if dropped:
            lines += as_json("pillion", Event.LOG_DROPPED, "warning", lines=dropped)
        return lines


class LineSplitter:
    """Splits the output of a pipe into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that are complete now, without their newlines."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        yield from lines

    def rest(self) -> bytes:
        """Return what followed the last newline, at the end of the output."""
        rest, self._rest = self._rest, b""
        return rest


def as_line(component: str, line: bytes) -> bytes:
    """Return a line of a process as a line of JSON; JSON is unchanged.

    nginx writes bytes of a request that are no UTF-8 as they came: then the line is no JSON.
    """
    if line.startswith(b"{") and line.endswith(b"}"):
        return (line if line.isascii() else line.decode(errors="replace").encode()) + b"\n"
    text = line.decode(errors="replace")
    if component != "nginx":
        return as_json(component, Event.PROCESS_OUTPUT, "error", message=text)
    match = _NGINX.fullmatch(text)
    if match is None:
        return as_json(component, Event.NGINX_ERROR_LOG, "info", message=text)
    level = _LEVELS.get(match["level"], match["level"])
    return as_json(component, Event.NGINX_ERROR_LOG, level, message=match["text"])


def as_json(component: str, event: Event, level: str, **rest: str | int) -> bytes:
    """Return a log line in the format of all programs (`reloader.logs`)."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {**rest, "component": component, "event": event, "level": level, "timestamp": now}
    return json.dumps(line).encode() + b"\n"
