"""Passes log lines on: whole lines only, all of them JSON, and never at traffic's cost.

A worker of nginx blocks when its log is not read. So what the three processes write
is always read at once, and a thread writes it on; when its reader is too slow, lines
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
    """Where all lines go; a text stream to structlog."""

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
        """Pass on one line, with its newline; never waits."""
        with self._change:
            if self._bytes + len(line) > _MAX_WAITING_BYTES:
                self._dropped += 1
                return
            self._waiting.append(line)
            self._bytes += len(line)
            self._change.notify()

    def write(self, text: str) -> None:
        """Pass on one line of our own."""
        self.put(text.encode())

    def flush(self) -> None:
        """Do nothing: lines are written as they come."""

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is left, as long as somebody reads it."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (lines := self._take()) is not None:
            # Nobody may read any more; processes must run on all the same.
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


class Splitter:
    """Cuts what comes from a pipe into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Return the lines that are whole now, without their newlines."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        yield from lines

    def rest(self) -> bytes:
        """Return what came after the last newline, at the end."""
        rest, self._rest = self._rest, b""
        return rest


def as_line(component: str, line: bytes) -> bytes:
    """Make one line of JSON of a line of a process; JSON stays as it is."""
    if line.startswith(b"{") and line.endswith(b"}"):
        return line + b"\n"
    text = line.decode(errors="replace")
    if component != "nginx":
        return as_json(component, Event.PROCESS_OUTPUT, "error", message=text)
    told = _NGINX.fullmatch(text)
    if told is None:
        return as_json(component, Event.NGINX_ERROR_LOG, "info", message=text)
    level = _LEVELS.get(told["level"], told["level"])
    return as_json(component, Event.NGINX_ERROR_LOG, level, message=told["text"])


def as_json(component: str, event: Event, level: str, **rest: str | int) -> bytes:
    """Write a log line in the form that both programs have."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {**rest, "component": component, "event": event, "level": level, "timestamp": now}
    return json.dumps(line).encode() + b"\n"
