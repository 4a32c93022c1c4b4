"""Who the client is, and which headers say so to backends.

Address, scheme, port and host of the client stand behind variables (`$remote_addr` and
`$pillion_…`), so that what comes from a load balancer in front counts in one place: for
redirects, for lists of networks, for logs and for the headers that backends get.
"""

import re
from collections.abc import Iterable, Iterator

from generator.directives import (
    Block,
    Directive,
    Expression,
    Key,
    Regex,
    Text,
    Value,
    Word,
    among,
    mapping,
)
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.lists import HEADER_NAME, comma_items, header_names
from generator.values.networks import networks
from generator.values.scalars import boolean

_ANY_NETWORK = ("0.0.0.0/0", "::/0")
_MOST_PROTOCOLS = 20

# Headers in which a client could claim what only a proxy knows. Those that Pillion itself
# gives to backends stand in `_headers`.
_HOW_IT_CAME = (
    *("Forwarded", "Front-End-Https", "X-Client-IP", "X-Cluster-Client-IP", "X-Url-Scheme"),
    *("X-Forwarded-Method", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Forwarded-Protocol"),
    *("X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Uri"),
)
"""How the request came: cleared unless use-forwarded-headers believes what is in front."""
_OTHER_PATH = (*("X-Original-Method", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL"),)
"""Another path or method than the one that was compared with rules: always cleared."""
_IDENTITY = (
    *("ssl-client-cert", "ssl-client-issuer-dn", "ssl-client-subject-dn", "ssl-client-verify"),
    *("Remote-Email", "Remote-Groups", "Remote-Name", "Remote-User", "X-Remote-User"),
    *("X-Auth-Request-Access-Token", "X-Auth-Request-Email", "X-Auth-Request-Groups"),
    *("X-Auth-Request-Preferred-Username", "X-Auth-Request-User", "X-WebAuth-User"),
    *("X-Forwarded-Access-Token", "X-Forwarded-Email", "X-Forwarded-Groups"),
    *("X-Forwarded-Preferred-Username", "X-Forwarded-User"),
)
"""Who the user is, as services that authenticate say it: always cleared."""
_OF_THIS_CONNECTION = ("HTTP2-Settings", "Proxy")
_CLEARED = frozenset(name.lower() for name in (*_HOW_IT_CAME, *_OTHER_PATH, *_IDENTITY))


def _header(text: str) -> str:
    if not HEADER_NAME.fullmatch(text):
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


def _protocols(text: str) -> tuple[str, ...]:
    """Read protocols that a connection may change to, with commas."""
    names = comma_items(text.lower())
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._+-]{0,40}(/[a-z0-9._-]{1,20})?", name):
            raise Invalid("a list of protocols", "Write names with commas, such as websocket.")
        if name.partition("/")[0] == "h2c":
            raise Invalid(
                f"a list of protocols: {name} cannot be allowed",
                "Remove it. HTTP/2 on a connection that was upgraded goes past every rule.",
            )
    if not names or len(names) > _MOST_PROTOCOLS:
        raise Invalid("a list of protocols", "Write names with commas, such as websocket.")
    return tuple(dict.fromkeys(names))


USE_PROXY_PROTOCOL = Option[bool](
    name="use-proxy-protocol",
    parse=boolean,
    default=False,
    doc="Take connections that begin with the PROXY protocol, and no others; the client is who it "
    "names, where proxy-real-ip-cidr has the sender.",
)
ENABLE_REAL_IP = Option[bool](
    name="enable-real-ip",
    parse=boolean,
    default=False,
    doc="Take the client's address from forwarded-for-header, where proxy-real-ip-cidr has the "
    "sender, and believe nothing else; use-forwarded-headers does this too.",
)
ALLOWED_UPGRADE_PROTOCOLS = Option[tuple[str, ...]](
    name="allowed-upgrade-protocols",
    parse=_protocols,
    default=("websocket",),
    doc="What a connection may change to (header Upgrade); with commas. h2c is never allowed.",
)


def _claims(text: str) -> tuple[str, ...]:
    """Read names of headers that are cleared otherwise."""
    names = header_names(text)
    for name in names:
        if name.lower() not in _CLEARED:
            raise Invalid(
                f"a list of headers that are cleared: {shown(name)} is none of them",
                "Remove it; all other headers are passed on anyway.",
            )
    return tuple(name.lower() for name in names)


PASSED_CLIENT_HEADERS = Option[tuple[str, ...]](
    name="passed-client-headers",
    parse=_claims,
    default=(),
    doc="Headers that backends get as clients sent them although they are cleared otherwise, "
    "such as X-Original-URL for an auth service that is asked by its public address.",
)


_OWN_WORD = (
    mapping("$scheme", "$pillion_scheme", (Key.DEFAULT, Expression("$scheme"))),
    mapping("$server_port", "$pillion_server_port", (Key.DEFAULT, Expression("$server_port"))),
    mapping("$pillion_own_host", "$pillion_host", (Key.DEFAULT, Expression("$pillion_own_host"))),
)
_WORD_OF_THE_FRONT = (
    mapping(
        "$pillion_front_proto",
        "$pillion_scheme",
        (Regex("^https?$"), Expression("$pillion_front_proto")),
        (Key.DEFAULT, Expression("$scheme")),
    ),
    mapping(
        "$pillion_front_port",
        "$pillion_server_port",
        (Regex("^[0-9]+$"), Expression("$pillion_front_port")),
        (Key.DEFAULT, Expression("$server_port")),
    ),
    mapping(
        "$pillion_front_host",
        "$pillion_host",
        (Text(""), Expression("$pillion_own_host")),
        (Key.DEFAULT, Expression("$pillion_front_host")),
    ),
)
_FULL_FORWARDED_FOR = mapping(
    "$http_x_forwarded_for",
    "$pillion_forwarded_for",
    (Text(""), Expression("$realip_remote_addr")),
    (Key.DEFAULT, Expression("$http_x_forwarded_for, $realip_remote_addr")),
)


def _front(values: GlobalValues) -> Iterator[Block]:
    """Let through what is said of the client, where the networks of the front said it."""
    yield among(values[PROXY_REAL_IP_CIDR], "$realip_remote_addr", "$pillion_is_front")
    for what in ("proto", "port", "host"):
        said = (Word("1"), Expression(f"$http_x_forwarded_{what}"))
        yield mapping("$pillion_is_front", f"$pillion_front_{what}", said, (Key.DEFAULT, Text("")))


def _real_ip(values: GlobalValues) -> Iterator[Directive]:
    for network in values[PROXY_REAL_IP_CIDR]:
        yield Directive("set_real_ip_from", (Word(network),))
    if values[USE_PROXY_PROTOCOL]:
        yield Directive("real_ip_header", (Word("proxy_protocol"),))
        return
    yield Directive("real_ip_header", (Word(values[FORWARDED_FOR_HEADER]),))
    yield Directive("real_ip_recursive", (True,))


def _headers(forwarded_for: str, cleared: Iterable[str]) -> tuple[Directive, ...]:
    """Return the headers that every backend gets, and those that none gets."""
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
    }
    values: dict[str, Value] = {name: Expression(value) for name, value in headers.items()}
    values |= {name: Text("") for name in cleared}
    return tuple(
        Directive("proxy_set_header", (Word(name), value)) for name, value in values.items()
    )


def _cleared(values: GlobalValues) -> Iterator[str]:
    """Yield the headers of clients that no backend gets."""
    yield from _OF_THIS_CONNECTION
    believed = values[USE_FORWARDED_HEADERS]
    claims = (*_OTHER_PATH, *_IDENTITY, *(() if believed else _HOW_IT_CAME))
    yield from (name for name in claims if name.lower() not in values[PASSED_CLIENT_HEADERS])


def _upgrades(values: GlobalValues) -> tuple[Block, Block]:
    """Return maps that let through what a connection may change to, whatever its case."""
    allowed = [(Text(name), Text(name)) for name in values[ALLOWED_UPGRADE_PROTOCOLS]]
    return (
        mapping("$http_upgrade", "$pillion_upgrade", (Key.DEFAULT, Text("")), *allowed),
        mapping(
            "$pillion_upgrade",
            "$pillion_connection",
            (Text(""), Text("")),
            (Key.DEFAULT, Word("upgrade")),
        ),
    )


def _forwarding(values: GlobalValues) -> Iterator[GlobalEffect]:
    believes = values[USE_FORWARDED_HEADERS]
    full = believes and values[COMPUTE_FULL_FORWARDED_FOR]
    front = (*_front(values), *_WORD_OF_THE_FRONT)
    variables: tuple[Block, ...] = front if believes else _OWN_WORD
    variables += (_FULL_FORWARDED_FOR,) if full else ()
    variables += _upgrades(values)
    yield InSection(section=Section.VARIABLES, statements=variables)
    if believes or values[ENABLE_REAL_IP] or values[USE_PROXY_PROTOCOL]:
        yield InSection(section=Section.CLIENTS, statements=tuple(_real_ip(values)))
    if values[USE_PROXY_PROTOCOL]:
        yield InSection(section=Section.LISTENERS, statements=(Directive("proxy_protocol"),))
    forwarded_for = "$pillion_forwarded_for" if full else "$remote_addr"
    yield InSection(section=Section.BACKENDS, statements=_headers(forwarded_for, _cleared(values)))


GROUP = OptionGroup(
    title="Forwarded headers",
    options=(
        USE_FORWARDED_HEADERS,
        COMPUTE_FULL_FORWARDED_FOR,
        FORWARDED_FOR_HEADER,
        PROXY_REAL_IP_CIDR,
        USE_PROXY_PROTOCOL,
        ENABLE_REAL_IP,
        ALLOWED_UPGRADE_PROTOCOLS,
        PASSED_CLIENT_HEADERS,
    ),
    effects=_forwarding,
)
