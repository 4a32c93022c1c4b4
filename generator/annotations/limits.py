"""How often a client may ask, how many connections it may have, and how fast it is served.

Each Ingress counts for itself: a zone of memory that workers share, named after it. A
zone whose key changed would be refused by nginx at a reload, so its name is made of all
that it counts by.
"""

import hashlib
from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.directives import (
    Block,
    Directive,
    Expression,
    Key,
    Row,
    Statement,
    Text,
    Word,
    among,
)
from generator.effects import Effect, InHttp, InLocation, Phase
from generator.values.networks import networks
from generator.values.scalars import number_between

_ZONE = "5m"
"""Some 80,000 clients, as in ingress-nginx."""
_RATE = number_between(0, 1_000_000)

LIMIT_RPS = Annotation[int](
    name="limit-rps",
    parse=_RATE,
    default=0,
    doc="Requests a second of one client; what is beyond the burst is answered 503, or as "
    "limit-req-status-code says. 0: no limit.",
)
LIMIT_RPM = Annotation[int](
    name="limit-rpm",
    parse=_RATE,
    default=0,
    doc="The same in a minute.",
)
LIMIT_CONNECTIONS = Annotation[int](
    name="limit-connections",
    parse=number_between(0, 65_535),
    default=0,
    doc="Connections of one client at a time. 0: no limit.",
)
LIMIT_BURST_MULTIPLIER = Annotation[int](
    name="limit-burst-multiplier",
    parse=number_between(1, 1000),
    default=5,
    doc="How many times the rate may come at once.",
)
LIMIT_ALLOWLIST = Annotation[tuple[str, ...]](
    name="limit-allowlist",
    aliases=("limit-whitelist",),
    parse=networks,
    default=(),
    doc="Networks that limits do not hold for.",
)
LIMIT_RATE = Annotation[int](
    name="limit-rate",
    parse=_RATE,
    default=0,
    doc="Kilobytes a second of one answer. 0: no limit.",
)
LIMIT_RATE_AFTER = Annotation[int](
    name="limit-rate-after",
    parse=_RATE,
    default=0,
    doc="Kilobytes of an answer that come before limit-rate holds.",
)


def _limits(values: Values, asker: Asker) -> Iterator[Effect]:
    if any(values[limit] for limit in (LIMIT_RPS, LIMIT_RPM, LIMIT_CONNECTIONS)):
        name = _name(values, asker)
        client, definitions = _client(values[LIMIT_ALLOWLIST], name)
        zones = tuple(_zones(values, name, client))
        yield InHttp(statements=(*definitions, *zones))
        yield InLocation(phase=Phase.LIMITS, statements=tuple(_checks(values, name)))
    if speed := values[LIMIT_RATE]:
        after = values[LIMIT_RATE_AFTER]
        speeds = {"limit_rate": speed} | ({"limit_rate_after": after} if after else {})
        statements = tuple(Directive(name, (Word(f"{kb}k"),)) for name, kb in speeds.items())
        yield InLocation(phase=Phase.SETTINGS, statements=statements)


def _name(values: Values, asker: Asker) -> str:
    counted = f"{asker.owner} {values[LIMIT_ALLOWLIST]}"
    return hashlib.sha256(counted.encode()).hexdigest()[:16]


def _client(free: tuple[str, ...], name: str) -> tuple[Expression, tuple[Statement, ...]]:
    """Return what a client is counted by, empty for those that are not, and its definitions."""
    if not free:
        return Expression("$binary_remote_addr"), ()
    is_free, counted = Expression(f"$pillion_free_{name}"), Expression(f"$pillion_client_{name}")
    keys = (Row(Word("0"), Expression("$binary_remote_addr")), Row(Key.DEFAULT, Text("")))
    return counted, (
        among(free, "$remote_addr", is_free.text),
        Block("map", (is_free, counted), keys),
    )


def _zones(values: Values, name: str, client: Expression) -> Iterator[Directive]:
    for limit, unit in ((LIMIT_RPS, "s"), (LIMIT_RPM, "m")):
        if rate := values[limit]:
            zone = Word(f"zone={name}_r{unit}:{_ZONE}")
            yield Directive("limit_req_zone", (client, zone, Word(f"rate={rate}r/{unit}")))
    if values[LIMIT_CONNECTIONS]:
        yield Directive("limit_conn_zone", (client, Word(f"zone={name}_c:{_ZONE}")))


def _checks(values: Values, name: str) -> Iterator[Directive]:
    for limit, unit in ((LIMIT_RPS, "s"), (LIMIT_RPM, "m")):
        if rate := values[limit]:
            burst = Word(f"burst={rate * values[LIMIT_BURST_MULTIPLIER]}")
            zone = Word(f"zone={name}_r{unit}")
            yield Directive("limit_req", (zone, burst, Word("nodelay")))
    if most := values[LIMIT_CONNECTIONS]:
        yield Directive("limit_conn", (Word(f"{name}_c"), most))


FEATURE = Feature(
    title="Limits",
    annotations=(
        LIMIT_RPS,
        LIMIT_RPM,
        LIMIT_CONNECTIONS,
        LIMIT_BURST_MULTIPLIER,
        LIMIT_ALLOWLIST,
        LIMIT_RATE,
        LIMIT_RATE_AFTER,
    ),
    effects=_limits,
)
