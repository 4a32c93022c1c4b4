"""From a port of a Service to the endpoints behind it. Rules: Service, EndpointSlice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from generator.model import Endpoint
from generator.names import Reach, is_address
from generator.objects import (
    EndpointPort,
    EndpointSlice,
    Kind,
    Service,
    ServicePort,
    SliceEndpoint,
)
from generator.problems import shown
from generator.translation.memo import Reads
from generator.translation.service_ports import is_port

_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_MIRRORING = "endpointslicemirroring-controller.k8s.io"
"""Makes slices of Endpoints that somebody wrote: no name in them changes by itself."""
_MOST_TOLD = 3

_Place = tuple[EndpointSlice, EndpointPort]


class FoundEndpoints(Struct, frozen=True, kw_only=True):
    """The endpoints of a port, and what its name has to do with them."""

    endpoints: tuple[Endpoint, ...] = ()
    renamed: bool = False
    """Whether the slices have this port by another name."""
    described: str = ""
    """The ports of the slices, where none has the name that is wanted."""


def find_endpoints(
    service: Service, port: ServicePort, reads: Reads, reach: Reach
) -> FoundEndpoints:
    """Find who answers; an apiserver keeps this machine's own addresses out, and so do we.

    Slices follow a Service whose port is renamed some seconds later, or come before it:
    meanwhile the port is found by its number (docs/decisions/0093).
    """
    slices = reads.endpoint_slices(service.name)
    ports = reads.once((Kind.ENDPOINT_SLICE, service.name), lambda: _SlicePorts.of(slices, service))
    if named := _usable(ports.by_name.get(port.name, ()), reach):
        return FoundEndpoints(endpoints=named)
    before = _usable(ports.unnamed.get(port.target_port or port.port, ()), reach)
    return FoundEndpoints(
        endpoints=before,
        renamed=bool(before),
        described=ports.described if before or port.name not in ports.present else "",
    )


class _SlicePorts(Struct, frozen=True):
    """The ports of a Service's slices, of which there may be as many as paths."""

    by_name: Mapping[str, list[_Place]]
    unnamed: Mapping[int | str, list[_Place]]
    """By their number, those whose names the Service does not have, in slices that follow it."""
    present: frozenset[str]
    """Names of ports that any slice with endpoints has."""
    described: str

    @classmethod
    def of(cls, slices: Iterable[EndpointSlice], service: Service) -> "_SlicePorts":
        """Index them once an Ingress."""
        by_name: dict[str, list[_Place]] = defaultdict(list)
        unnamed: dict[int | str, list[_Place]] = defaultdict(list)
        names = {port.name for port in service.spec.ports}
        places = [(s, port) for s in slices for port in s.ports if is_port(port.port)]
        for place in places:
            each, port = place
            if each.address_type not in {"IPv4", "IPv6"} or port.protocol != "TCP":
                continue
            by_name[port.name].append(place)
            if port.name not in names and each.metadata.labels.get(_MANAGED_BY) != _MIRRORING:
                unnamed[port.port].append(place)
        present = [port for each, port in places if each.endpoints]
        return cls(
            by_name=by_name,
            unnamed=unnamed,
            present=frozenset(port.name for port in present),
            described=_described(present),
        )


def _usable(places: Iterable[_Place], reach: Reach) -> tuple[Endpoint, ...]:
    """Return the ready endpoints; where there are none, those that still serve while terminating.

    Rules: KEP-1669, "Proxy terminating endpoints".
    """
    found = [
        (endpoint, port.port)
        for each, port in places
        for endpoint in each.endpoints
        if endpoint.addresses and is_address(endpoint.addresses[0])
        if reach.admits(endpoint.addresses[0])
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
