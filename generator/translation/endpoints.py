"""From a port of a Service to the endpoints behind it. Rules: Service, EndpointSlice."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from generator.model import Endpoint
from generator.names import is_address, is_loopback
from generator.objects import EndpointPort, EndpointSlice, Service, ServicePort, SliceEndpoint
from generator.problems import shown
from generator.translation.memo import Reads

_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_MIRRORING = "endpointslicemirroring-controller.k8s.io"
"""Makes slices of Endpoints that somebody wrote: no name in them changes by itself."""
_MOST_TOLD = 3


class FoundEndpoints(Struct, frozen=True, kw_only=True):
    """The endpoints of a port, and what its name has to do with them."""

    endpoints: tuple[Endpoint, ...] = ()
    renamed: bool = False
    """Whether the slices have this port by another name."""
    described: str = ""
    """The ports of the slices, where none has the name that is wanted."""


def find_endpoints(
    service: Service, port: ServicePort, reads: Reads, *, loopback: bool
) -> FoundEndpoints:
    """Find who answers; an apiserver keeps this machine's own addresses out, and so do we.

    Slices follow a Service whose port is renamed some seconds later, or come before it:
    meanwhile the port is found by its number (docs/decisions/0093).
    """
    slices = reads.endpoint_slices(service.name)
    if named := _usable(slices, lambda p: p.name == port.name, loopback=loopback):
        return FoundEndpoints(endpoints=named)
    target, names = port.target_port or port.port, {p.name for p in service.spec.ports}
    followed = [s for s in slices if s.metadata.labels.get(_MANAGED_BY) != _MIRRORING]
    before = _usable(
        followed, lambda p: p.port == target and p.name not in names, loopback=loopback
    )
    present = [p for s in slices if s.endpoints for p in s.ports if is_port(p.port)]
    missing = not any(p.name == port.name for p in present)
    return FoundEndpoints(
        endpoints=before,
        renamed=bool(before),
        described=_described(present) if before or missing else "",
    )


def is_port(number: int) -> bool:
    """Whether this is the number of a port."""
    return 0 < number < 1 << 16


def _usable(
    slices: Iterable[EndpointSlice], meant: Callable[[EndpointPort], bool], *, loopback: bool
) -> tuple[Endpoint, ...]:
    """Return the ready endpoints; where there are none, those that still serve while terminating.

    Rules: KEP-1669, "Proxy terminating endpoints".
    """
    found = [
        (endpoint, port.port)
        for s in slices
        if s.address_type in {"IPv4", "IPv6"}
        for port in s.ports
        if is_port(port.port) and port.protocol == "TCP" and meant(port)
        for endpoint in s.endpoints
        if endpoint.addresses and is_address(endpoint.addresses[0])
        if loopback or not is_loopback(endpoint.addresses[0])
    ]
    chosen = [f for f in found if _ready(f[0])] or [f for f in found if _still_serving(f[0])]
    return tuple(sorted({Endpoint(e.addresses[0], port) for e, port in chosen}))


def _ready(endpoint: SliceEndpoint) -> bool:
    return endpoint.conditions.ready is not False


def _still_serving(endpoint: SliceEndpoint) -> bool:
    return bool(endpoint.conditions.serving and endpoint.conditions.terminating)


def _described(ports: Iterable[EndpointPort]) -> str:
    """Say which ports there are, each once, and no more than a message has room for."""
    said = dict.fromkeys(
        f"port {p.port} named {shown(p.name)}" if p.name else f"port {p.port} without a name"
        for p in ports
    )
    return " and ".join([*said][:_MOST_TOLD]) + (" and others" if len(said) > _MOST_TOLD else "")
