"""Sizes that nginx asks for and that follow from what is served."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from generator.directives import Size
from generator.model import HostKind, Server, Upstream

_WORD = 8
"""Bytes of a pointer where nginx runs."""

_LEAST_ZONE = 1 << 20
_UPSTREAM_BYTES = 1024
_ENDPOINT_BYTES = 2048
"""About twice what nginx 1.31 takes: 450 for an upstream, 850 for an endpoint."""

_LEAST_DICTIONARY = 1 << 20
_ENTRY_BYTES = 512
_LEAST_LINE = 256
"""Some ten endpoints: a usual rollout moves nothing. nginx gives a slot of a power of two."""


class Sizes(Struct, frozen=True, kw_only=True):
    """Sizes in steps of powers of two, so that few changes move them."""

    names_bucket: int
    """`server_names_hash_bucket_size`: nginx refuses a name that does not fit in one."""
    names_max: int
    """`server_names_hash_max_size`."""
    zone: Size
    """Of the memory that workers share for all upstreams."""


def sizes(servers: Sequence[Server], upstreams: Iterable[Upstream]) -> Sizes:
    """Return sizes that fit these servers and upstreams with room to spare."""
    names = [s.host.name for s in servers if s.host.kind is HostKind.NAME]
    longest = max((len(name) for name in names), default=0)
    return Sizes(
        names_bucket=_power_of_two(4 * (longest + 3 * _WORD), at_least=256),
        names_max=_power_of_two(4 * len(names), at_least=1024),
        zone=Size(_power_of_two(_zone_bytes(upstreams), at_least=_LEAST_ZONE)),
    )


def dictionary(lines: Iterable[str]) -> Size:
    """Return the size of what holds these lines of endpoints, with room for as many again."""
    needed = sum(
        _ENTRY_BYTES + 2 * _power_of_two(len(line), at_least=_LEAST_LINE) for line in lines
    )
    return Size(_power_of_two(needed, at_least=_LEAST_DICTIONARY))


def _zone_bytes(upstreams: Iterable[Upstream]) -> int:
    return sum(_UPSTREAM_BYTES + _ENDPOINT_BYTES * len(u.endpoints) for u in upstreams)


def _power_of_two(number: int, *, at_least: int) -> int:
    return max(at_least, 1 << (number - 1).bit_length())
