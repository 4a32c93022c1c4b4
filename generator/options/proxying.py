"""How requests are passed to backends, and connections to them kept."""

from collections.abc import Iterator
from enum import StrEnum

from generator.buffers import buffer_directives
from generator.directives import Duration, Size, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.lists import words_of
from generator.values.scalars import (
    number_between,
    seconds,
    seconds_or_none,
    size_between,
    switch,
)

_KB = 1 << 10
_MB = 1 << 20


class Reason(StrEnum):
    """Why a request is passed to the next endpoint."""

    ERROR = "error"
    TIMEOUT = "timeout"
    INVALID_HEADER = "invalid_header"
    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"
    HTTP_403 = "http_403"
    HTTP_404 = "http_404"
    HTTP_429 = "http_429"
    NON_IDEMPOTENT = "non_idempotent"
    OFF = "off"


PROXY_CONNECT_TIMEOUT = Option[Duration](
    name="proxy-connect-timeout",
    parse=seconds,
    default=Duration(5_000),
    section=Section.BACKENDS,
    directive="proxy_connect_timeout",
    doc="Seconds for the connection to a backend.",
)
PROXY_READ_TIMEOUT = Option[Duration](
    name="proxy-read-timeout",
    parse=seconds,
    default=Duration(60_000),
    section=Section.BACKENDS,
    directive="proxy_read_timeout",
    doc="Seconds between two reads from a backend; then the answer is 504.",
)
PROXY_SEND_TIMEOUT = Option[Duration](
    name="proxy-send-timeout",
    parse=seconds,
    default=Duration(60_000),
    section=Section.BACKENDS,
    directive="proxy_send_timeout",
    doc="Seconds between two writes to a backend; then the answer is 504.",
)
PROXY_BUFFERING = Option[bool](
    name="proxy-buffering",
    parse=switch,
    default=False,
    section=Section.BACKENDS,
    directive="proxy_buffering",
    doc="Read answers into buffers as fast as the backend sends, whatever the client's speed.",
)
PROXY_REQUEST_BUFFERING = Option[bool](
    name="proxy-request-buffering",
    parse=switch,
    default=True,
    section=Section.BACKENDS,
    directive="proxy_request_buffering",
    doc="Read the whole body of a request before it is passed on.",
)
PROXY_BUFFER_SIZE = Option[Size](
    name="proxy-buffer-size",
    parse=size_between(Size(1 * _KB), Size(4 * _MB)),
    default=Size(4 * _KB),
    doc="Buffer for the headers of an answer, and size of each of the others.",
)
PROXY_BUFFERS_NUMBER = Option[int](
    name="proxy-buffers-number",
    parse=number_between(1, 256),
    default=4,
    doc="Buffers for one answer; nginx needs three.",
)
PROXY_BUSY_BUFFERS_SIZE = Option[Size | None](
    name="proxy-busy-buffers-size",
    parse=size_between(Size(1 * _KB), Size(1024 * _MB)),
    default=None,
    doc="How much may be on its way to a slow client; what nginx can take is used. "
    "none: twice proxy-buffer-size.",
)
PROXY_MAX_TEMP_FILE_SIZE = Option[Size](
    name="proxy-max-temp-file-size",
    parse=size_between(Size(0), Size(1 << 40)),
    default=Size(1024 * _MB),
    doc="How much of an answer may be kept on disk. 0: nothing.",
)
PROXY_NEXT_UPSTREAM = Option[tuple[Word, ...]](
    name="proxy-next-upstream",
    parse=words_of(Reason),
    default=(Word("error"), Word("timeout")),
    section=Section.BACKENDS,
    directive="proxy_next_upstream",
    doc="When a request is passed to the next endpoint.",
)
PROXY_NEXT_UPSTREAM_TIMEOUT = Option[Duration](
    name="proxy-next-upstream-timeout",
    parse=seconds_or_none,
    default=Duration(0),
    section=Section.BACKENDS,
    directive="proxy_next_upstream_timeout",
    doc="Seconds in which other endpoints are tried. 0: no limit.",
)
PROXY_NEXT_UPSTREAM_TRIES = Option[int](
    name="proxy-next-upstream-tries",
    parse=number_between(0, 1000),
    default=3,
    section=Section.BACKENDS,
    directive="proxy_next_upstream_tries",
    doc="Endpoints that are tried for one request. 0: no limit.",
)
UPSTREAM_KEEPALIVE_CONNECTIONS = Option[int](
    name="upstream-keepalive-connections",
    parse=number_between(1, 100_000),
    default=64,
    section=Section.UPSTREAM,
    directive="keepalive",
    doc="Idle connections that a worker keeps to one upstream.",
)
UPSTREAM_KEEPALIVE_REQUESTS = Option[int](
    name="upstream-keepalive-requests",
    parse=number_between(1, 1_000_000_000),
    default=10_000,
    section=Section.UPSTREAM,
    directive="keepalive_requests",
    doc="Requests that one of these may carry.",
)
UPSTREAM_KEEPALIVE_TIME = Option[Duration](
    name="upstream-keepalive-time",
    parse=seconds,
    default=Duration(3_600_000),
    section=Section.UPSTREAM,
    directive="keepalive_time",
    doc="Seconds for which one of these is used.",
)
UPSTREAM_KEEPALIVE_TIMEOUT = Option[Duration](
    name="upstream-keepalive-timeout",
    parse=seconds,
    default=Duration(60_000),
    section=Section.UPSTREAM,
    directive="keepalive_timeout",
    doc="Seconds for which one of these is kept idle.",
)


def _buffers(values: GlobalValues) -> Iterator[GlobalEffect]:
    statements = buffer_directives(
        values[PROXY_BUFFER_SIZE],
        values[PROXY_BUFFERS_NUMBER],
        values[PROXY_BUSY_BUFFERS_SIZE],
        values[PROXY_MAX_TEMP_FILE_SIZE],
    )
    yield InSection(section=Section.BACKENDS, statements=statements)


GROUP = OptionGroup(
    title="Backends",
    options=(
        PROXY_CONNECT_TIMEOUT,
        PROXY_READ_TIMEOUT,
        PROXY_SEND_TIMEOUT,
        PROXY_BUFFERING,
        PROXY_REQUEST_BUFFERING,
        PROXY_BUFFER_SIZE,
        PROXY_BUFFERS_NUMBER,
        PROXY_BUSY_BUFFERS_SIZE,
        PROXY_MAX_TEMP_FILE_SIZE,
        PROXY_NEXT_UPSTREAM,
        PROXY_NEXT_UPSTREAM_TIMEOUT,
        PROXY_NEXT_UPSTREAM_TRIES,
        UPSTREAM_KEEPALIVE_CONNECTIONS,
        UPSTREAM_KEEPALIVE_REQUESTS,
        UPSTREAM_KEEPALIVE_TIME,
        UPSTREAM_KEEPALIVE_TIMEOUT,
    ),
    effects=_buffers,
)
