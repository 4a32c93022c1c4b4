"""Log lines on their way from three processes to one stream."""

import io
import json
import threading

import pytest

from pillion.log_events import Event
from pillion.log_relay import LineSplitter, Sink, as_line


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_come_out_whole_however_the_pipe_cuts_them(size):
    text = b'{"a": 1}\n\nb\nthe rest'
    splitter = LineSplitter()
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    lines = [line for part in parts for line in splitter.feed(part)]
    assert [*lines, splitter.rest()] == [b'{"a": 1}', b"", b"b", b"the rest"]


def test_a_line_without_end_is_passed_on_in_parts():
    splitter = LineSplitter()
    assert [len(line) for line in splitter.feed(b"x" * (2 << 20))] == [2 << 20]


def test_json_stays_as_it_is():
    line = b'{"event": "config.applied",  "n": 1}'
    assert as_line("generator", line) == line + b"\n"


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        (b"2026/11/24 08:08:54 [warn] 12#12: *1 slow", "warning", "*1 slow"),
        (b"2026/11/24 08:08:54 [emerg] 12#0: bind() failed", "critical", "bind() failed"),
        (b"2026/11/24 08:08:54 [error] no such file", "error", "no such file"),
        (b"nginx: configuration file is broken", "info", "nginx: configuration file is broken"),
    ],
)
def test_a_line_of_nginx_becomes_json_with_its_level(line, level, message):
    told = json.loads(as_line("nginx", line))
    assert (told["event"], told["component"]) == ("nginx.error_log", "nginx")
    assert (told["level"], told["message"]) == (level, message)


def test_what_a_program_says_beside_its_log_becomes_json():
    told = json.loads(as_line("generator", b"Killed \xff"))
    assert (told["event"], told["component"]) == ("process.output", "generator")
    assert told["message"] == "Killed \ufffd"


def test_a_request_of_bytes_that_are_no_text_is_logged_as_json():
    line = '{"uri":"/größe\\u0000'.encode() + b'/\xff","user_agent":"\xfe"}'
    assert json.loads(as_line("nginx", line)) == {
        "uri": "/größe\0/\ufffd",
        "user_agent": "\ufffd",
    }


def test_the_sink_never_waits_for_its_reader_and_says_what_it_dropped():
    reading = threading.Event()

    class Slow(io.BytesIO):
        def write(self, data):
            reading.wait(10)
            return super().write(data)

    stream = Slow()
    sink = Sink(stream)
    for _ in range(40):
        sink.put(b"x" * (1 << 20))
    reading.set()
    sink.close(timeout_s=60)
    dropped = json.loads(stream.getvalue().rpartition(b"x")[2])
    assert dropped["event"] == Event.LOG_DROPPED
    assert dropped["lines"] > 0


def test_the_sink_outlives_its_reader():
    class Gone(io.BytesIO):
        def write(self, _):
            raise BrokenPipeError

    sink = Sink(Gone())
    sink.put(b"a\n")
    sink.close()
    assert not sink._thread.is_alive()
