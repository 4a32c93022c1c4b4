"""Upstreams whose endpoints nginx takes without a reload, by its Lua module.

All of one pool are one `upstream` of nginx's; a location names which of them it means by
a variable. Their endpoints are not part of the configuration.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from generator.directives import Directive, File, Size, Statement
from generator.model import Endpoint, Model, Pool, Upstream
from generator.nginx.capabilities import Capabilities
from generator.nginx.jinja import TemplateSet
from generator.nginx.quoting import Written, text

VARIABLE = "$pillion_upstream"
_MOST_SHARES = 16
"""Idle connections are looked through one by one."""


class EndpointsView(Struct, frozen=True, kw_only=True):
    """What nginx needs to take endpoints."""

    memory: Size
    """Of the dictionary that workers share."""
    program: Written
    """The file that Lua runs."""


class Split(Struct, frozen=True):
    """Upstreams by how their endpoints come to nginx."""

    static: tuple[Upstream, ...]
    pooled: tuple[Upstream, ...]
    pools: tuple[tuple[Pool, int], ...]
    """With how many shares of idle connections each has: a power of two, so that few changes
    move it."""


def are_taken(capabilities: Capabilities, templates: TemplateSet) -> bool:
    """Whether nginx can take endpoints, and the templates have the parts that it needs for it."""
    needed = (("nginx.j2", "lua_modules"), ("http.j2", "endpoints.program"))
    return capabilities.lua and all(part in templates.templates[name].text for name, part in needed)


def split(model: Model, *, taken: bool) -> Split:
    """Part the upstreams; none is pooled where nginx takes no endpoints."""
    if not taken:
        return Split(model.upstreams, (), ())
    pooled = tuple(u for u in model.upstreams if u.pool)
    counts = Counter(u.pool for u in pooled if u.pool)
    return Split(
        tuple(u for u in model.upstreams if not u.pool),
        pooled,
        tuple((pool, _shares(counts[pool])) for pool in sorted(counts)),
    )


def name_of(pool: Pool) -> str:
    """Name the upstream of a pool, by hash first: nginx finds such names faster.

    It has no dot, and so is no single upstream's.
    """
    readable = f"{pool.namespace}-{pool.protocol.lower()}"
    return f"{hashlib.sha256(readable.encode()).hexdigest()[:8]}-{readable}"


def settings(statements: Iterable[Statement], shares: int) -> tuple[Statement, ...]:
    """Return what stands in each upstream, with idle connections for so many of them."""
    return tuple(
        Directive(s.name, tuple(shares * n for n in s.arguments if isinstance(n, int)))
        if isinstance(s, Directive) and s.name == "keepalive"
        else s
        for s in statements
    )


def line(upstream: Upstream) -> str:
    """Write endpoints as the volume's contract has them, without the name in front."""
    return "".join(f" {_written(endpoint)}" for endpoint in upstream.endpoints)


def program_path(files: str, program: File) -> Written:
    """Write the path of the file that Lua runs."""
    return text(f"{files}/{program.digest}")


def lines(pooled: Iterable[Upstream], texts: Iterable[str]) -> Mapping[str, str]:
    """Return endpoints by the names of their upstreams."""
    return {upstream.name: text for upstream, text in zip(pooled, texts, strict=True)}


def _written(endpoint: Endpoint) -> str:
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return f"{address}:{endpoint.port}"


def _shares(upstreams: int) -> int:
    return min(_MOST_SHARES, 1 << (upstreams - 1).bit_length())
