"""Who the client is, and which headers say so to backends.

Address, scheme, port and host of the client stand behind variables (`$remote_addr` and
`$pillion_…`), so that what comes from a load balancer in front counts in one place: for
redirects, for lists of networks, for logs and for the headers that backends get.
"""

import re
from collections.abc import Iterator

from generator.directives import Block, Directive, Expression, Key, Regex, Row, Text, Value, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.networks import networks
from generator.values.scalars import boolean

_ANY_NETWORK = ("0.0.0.0/0", "::/0")


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,80}", text):
        raise Invalid("the name of a header", "Write one such as X-Forwarded-For.")
    return text


USE_FORWARDED_HEADERS = Option[bool](
    name="use-forwarded-headers",
    parse=boolean,
    default=False,
    doc="Believe X-Forwarded-For, -Proto, -Host and -Port of what is in front.",
)
COMPUTE_FULL_FORWARDED_FOR = Option[bool](
    name="compute-full-forwarded-for",
    parse=boolean,
    default=False,
    doc="Pass on X-Forwarded-For with the address added to what came, instead of it alone.",
)
FORWARDED_FOR_HEADER = Option[str](
    name="forwarded-for-header",
    parse=_header,
    default="X-Forwarded-For",
    doc="Header that names the client where use-forwarded-headers is on.",
)
PROXY_REAL_IP_CIDR = Option[tuple[str, ...]](
    name="proxy-real-ip-cidr",
    parse=networks,
    default=_ANY_NETWORK,
    doc="Networks of what is in front, whose word on the client counts; with commas.",
)


def _map(source: str, variable: str, *rows: tuple[Value, Value]) -> Block:
    arguments = (Expression(source), Expression(variable))
    return Block("map", arguments, tuple(Row(key, value) for key, value in rows))


def _host_of_the_request(variable: str) -> Block:
    """Return the Host header where it names the host that was routed by, with its port.

    The request line counts before the header (RFC 9112, 3.2.2): a backend is never told of
    another host than the one whose rules let the request in.
    """
    same = (Regex(r"(?i)^(.+)\|\1(:[0-9]+)?$"), Expression("$http_host"))
    return _map("$host|$http_host", variable, same, (Key.DEFAULT, Expression("$host")))


_OWN_WORD = (
    _map("$scheme", "$pillion_scheme", (Key.DEFAULT, Expression("$scheme"))),
    _map("$server_port", "$pillion_server_port", (Key.DEFAULT, Expression("$server_port"))),
    _host_of_the_request("$pillion_host"),
)
_WORD_OF_THE_FRONT = (
    _map(
        "$http_x_forwarded_proto",
        "$pillion_scheme",
        (Regex("^https?$"), Expression("$http_x_forwarded_proto")),
        (Key.DEFAULT, Expression("$scheme")),
    ),
    _map(
        "$http_x_forwarded_port",
        "$pillion_server_port",
        (Regex("^[0-9]+$"), Expression("$http_x_forwarded_port")),
        (Key.DEFAULT, Expression("$server_port")),
    ),
    _host_of_the_request("$pillion_own_host"),
    _map(
        "$http_x_forwarded_host",
        "$pillion_host",
        (Text(""), Expression("$pillion_own_host")),
        (Key.DEFAULT, Expression("$http_x_forwarded_host")),
    ),
)
_FULL_FORWARDED_FOR = _map(
    "$http_x_forwarded_for",
    "$pillion_forwarded_for",
    (Text(""), Expression("$realip_remote_addr")),
    (Key.DEFAULT, Expression("$http_x_forwarded_for, $realip_remote_addr")),
)


def _real_ip(values: GlobalValues) -> Iterator[Directive]:
    for network in values[PROXY_REAL_IP_CIDR]:
        yield Directive("set_real_ip_from", (Word(network),))
    yield Directive("real_ip_header", (Word(values[FORWARDED_FOR_HEADER]),))
    yield Directive("real_ip_recursive", (True,))


_CLEARED = (
    *("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn", "ssl-client-cert"),
)
"""Headers that only a check of client certificates may set."""
_OF_THE_FRONT = (
    *("Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Ssl", "X-Forwarded-Server"),
    *("X-Forwarded-Protocol", "Front-End-Https", "X-Url-Scheme", "X-Client-IP"),
    *("X-Original-URL", "X-Rewrite-URL"),
)
"""Headers that say who the client is or what it asked for; a client's own are cleared."""


def _headers(forwarded_for: str, *, believes: bool) -> tuple[Directive, ...]:
    """Return the headers that every backend gets."""
    cleared = _CLEARED if believes else (*_CLEARED, *_OF_THE_FRONT)
    headers = {
        "Host": "$pillion_host",
        "Upgrade": "$pillion_upgrade",
        "Connection": "$pillion_connection",
        "X-Request-ID": "$pillion_request_id",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": forwarded_for,
        "X-Forwarded-Host": "$pillion_host",
        "X-Forwarded-Port": "$pillion_server_port",
        "X-Forwarded-Proto": "$pillion_scheme",
        "X-Forwarded-Scheme": "$pillion_scheme",
        "X-Scheme": "$pillion_scheme",
        "X-Original-Forwarded-For": "$http_x_forwarded_for",
        "Proxy": "",
        **dict.fromkeys(cleared, ""),
    }
    return tuple(
        Directive("proxy_set_header", (Word(name), Expression(value)))
        for name, value in headers.items()
    )


def _forwarding(values: GlobalValues) -> Iterator[GlobalEffect]:
    believes = values[USE_FORWARDED_HEADERS]
    full = believes and values[COMPUTE_FULL_FORWARDED_FOR]
    variables: tuple[Block, ...] = _WORD_OF_THE_FRONT if believes else _OWN_WORD
    variables += (_FULL_FORWARDED_FOR,) if full else ()
    yield InSection(section=Section.VARIABLES, statements=variables)
    if believes:
        yield InSection(section=Section.CLIENTS, statements=tuple(_real_ip(values)))
    forwarded_for = "$pillion_forwarded_for" if full else "$remote_addr"
    yield InSection(section=Section.BACKENDS, statements=_headers(forwarded_for, believes=believes))


GROUP = OptionGroup(
    title="Forwarded headers",
    options=(
        USE_FORWARDED_HEADERS,
        COMPUTE_FULL_FORWARDED_FOR,
        FORWARDED_FOR_HEADER,
        PROXY_REAL_IP_CIDR,
    ),
    effects=_forwarding,
)
