"""Clients: their connections, headers and bodies."""

import re
from collections.abc import Iterator

from generator.directives import Directive, Duration, Size, Word
from generator.effects import GlobalEffect, InSection, InServer, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.scalars import boolean, buffers, number_between, seconds_or_none, size

_KB = 1 << 10


def _mime_type(text: str) -> Word:
    if not re.fullmatch(r"[a-zA-Z0-9.+-]{1,60}/[a-zA-Z0-9.+-]{1,60}", text):
        raise Invalid("a MIME type", "Write one such as text/html.")
    return Word(text)


CLIENT_BODY_BUFFER_SIZE = Option[Size](
    name="client-body-buffer-size",
    parse=size,
    default=Size(8 * _KB),
    section=Section.CLIENTS,
    directive="client_body_buffer_size",
    doc="Bodies of requests up to this size are kept in memory.",
)
CLIENT_BODY_TIMEOUT = Option[Duration](
    name="client-body-timeout",
    parse=seconds_or_none,
    default=Duration(60_000),
    section=Section.CLIENTS,
    directive="client_body_timeout",
    doc="Seconds between two reads of a request's body.",
)
CLIENT_HEADER_BUFFER_SIZE = Option[Size](
    name="client-header-buffer-size",
    parse=size,
    default=Size(1 * _KB),
    section=Section.CLIENTS,
    directive="client_header_buffer_size",
    doc="Buffer for the headers of a usual request.",
)
CLIENT_HEADER_TIMEOUT = Option[Duration](
    name="client-header-timeout",
    parse=seconds_or_none,
    default=Duration(60_000),
    section=Section.CLIENTS,
    directive="client_header_timeout",
    doc="Seconds for all headers of a request.",
)
PROXY_BODY_SIZE = Option[Size](
    name="proxy-body-size",
    parse=size,
    default=Size(1 << 20),
    section=Section.CLIENTS,
    directive="client_max_body_size",
    doc="Largest request body; a larger one is answered 413. 0: no limit.",
)
MAX_PROXY_BODY_SIZE = Option[Size](
    name="max-proxy-body-size",
    parse=size,
    default=Size(0),
    doc="The most that an Ingress may ask for by its own proxy-body-size: bodies are buffered on "
    "the node's disk. 0: as much as it likes, as in ingress-nginx.",
)
LARGE_CLIENT_HEADER_BUFFERS = Option[tuple[int, Size]](
    name="large-client-header-buffers",
    parse=buffers,
    default=(4, Size(8 * _KB)),
    section=Section.CLIENTS,
    directive="large_client_header_buffers",
    doc="Number and size of buffers for large headers.",
)
IGNORE_INVALID_HEADERS = Option[bool](
    name="ignore-invalid-headers",
    parse=boolean,
    default=True,
    section=Section.CLIENTS,
    directive="ignore_invalid_headers",
    doc="Drop headers with characters that names of headers do not have.",
)
UNDERSCORES_IN_HEADERS = Option[bool](
    name="enable-underscores-in-headers",
    parse=boolean,
    default=False,
    section=Section.CLIENTS,
    directive="underscores_in_headers",
    doc="Take underscores in the names of headers.",
)
KEEP_ALIVE = Option[Duration](
    name="keep-alive",
    parse=seconds_or_none,
    default=Duration(75_000),
    doc="Seconds that an idle connection is kept, also through reloads. 0: not at all.",
)
KEEP_ALIVE_REQUESTS = Option[int](
    name="keep-alive-requests",
    parse=number_between(1, 1_000_000),
    default=1000,
    section=Section.CLIENTS,
    directive="keepalive_requests",
    doc="Requests that a connection may carry.",
)
USE_HTTP2 = Option[bool](
    name="use-http2",
    parse=boolean,
    default=True,
    section=Section.CLIENTS,
    directive="http2",
    doc="Speak HTTP/2 to clients that ask for it over TLS.",
)
HTTP2_MAX_CONCURRENT_STREAMS = Option[int](
    name="http2-max-concurrent-streams",
    parse=number_between(1, 65_535),
    default=128,
    section=Section.CLIENTS,
    directive="http2_max_concurrent_streams",
    doc="Requests at once on one HTTP/2 connection.",
)
LIMIT_RATE = Option[int](
    name="limit-rate",
    parse=number_between(0, 1_000_000),
    default=0,
    doc="Kilobytes a second of one answer to a client. 0: no limit.",
)
LIMIT_RATE_AFTER = Option[int](
    name="limit-rate-after",
    parse=number_between(0, 1_000_000),
    default=0,
    doc="How many kilobytes of an answer are sent before limit-rate holds.",
)
DEFAULT_TYPE = Option[Word](
    name="default-type",
    parse=_mime_type,
    default=Word("text/plain"),
    section=Section.CLIENTS,
    directive="default_type",
    doc="MIME type of what nginx itself answers.",
)
SERVER_TOKENS = Option[bool](
    name="server-tokens",
    parse=boolean,
    default=False,
    section=Section.CLIENTS,
    directive="server_tokens",
    doc="Say nginx's version in the header Server and on its own pages.",
)


def _keep_alive(values: GlobalValues) -> Iterator[GlobalEffect]:
    """Keep idle connections through reloads as long as otherwise (docs/decisions/0010)."""
    names = ("keepalive_timeout", "keepalive_min_timeout")
    statements = tuple(Directive(name, (values[KEEP_ALIVE],)) for name in names)
    yield InSection(section=Section.CLIENTS, statements=statements)


def _rates(values: GlobalValues) -> Iterator[GlobalEffect]:
    """Limit the servers of hosts, not those that Pillion itself asks."""
    for option, name in ((LIMIT_RATE, "limit_rate"), (LIMIT_RATE_AFTER, "limit_rate_after")):
        if kilobytes := values[option]:
            statement = Directive(name, (Size(kilobytes * _KB),))
            yield InServer(setting=option.name, statements=(statement,))


def _clients(values: GlobalValues) -> Iterator[GlobalEffect]:
    yield from _keep_alive(values)
    yield from _rates(values)


GROUP = OptionGroup(
    title="Clients",
    options=(
        CLIENT_BODY_BUFFER_SIZE,
        CLIENT_BODY_TIMEOUT,
        CLIENT_HEADER_BUFFER_SIZE,
        CLIENT_HEADER_TIMEOUT,
        PROXY_BODY_SIZE,
        MAX_PROXY_BODY_SIZE,
        LARGE_CLIENT_HEADER_BUFFERS,
        IGNORE_INVALID_HEADERS,
        UNDERSCORES_IN_HEADERS,
        KEEP_ALIVE,
        KEEP_ALIVE_REQUESTS,
        USE_HTTP2,
        HTTP2_MAX_CONCURRENT_STREAMS,
        LIMIT_RATE,
        LIMIT_RATE_AFTER,
        DEFAULT_TYPE,
        SERVER_TOKENS,
    ),
    effects=_clients,
)
