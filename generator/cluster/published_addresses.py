"""Finds the addresses that the status of Ingresses should have."""

from collections.abc import Iterable

from generator.cluster.source import ClusterSource
from generator.names import is_address
from generator.objects import Kind, Name, PublishedAddress

Addresses = tuple[PublishedAddress, ...]


def addresses_of_service(source: ClusterSource, name: Name) -> Addresses:
    """Return where a Service is reached from outside, by the rules of --publish-service."""
    service, status = source.service(name), source.status(Kind.SERVICE, name)
    if service is None:
        return ()
    spec = service.spec
    outside = tuple(PublishedAddress(ip=ip) for ip in spec.external_ips)
    own = (PublishedAddress(ip=spec.cluster_ip),) if spec.cluster_ip not in ("", "None") else ()
    match spec.type:
        case "ExternalName":
            found: Addresses = (PublishedAddress(hostname=spec.external_name),)
        case "LoadBalancer":
            found = (status.load_balancer.ingress if status else ()) + outside
        case "NodePort":
            found = outside or own
        case _:
            found = own
    return in_order(found)


def why_without_address(source: ClusterSource, name: Name) -> str:
    """Say why a Service has no address, and what to do; a sentence or two."""
    service = source.service(name)
    if service is None:
        return f"There is no Service {name}. Create it, or name another by --publish-service."
    if service.spec.type == "LoadBalancer":
        return f"Service {name} has no address yet; its load balancer gives it one."
    return (
        f"Service {name} of type {service.spec.type} has no address. Give addresses by "
        "--publish-status-address, or name a Service that has one."
    )


def addresses_of_text(texts: Iterable[str]) -> Addresses:
    """Read --publish-status-address: IP addresses and host names."""
    return in_order(
        PublishedAddress(ip=text) if is_address(text) else PublishedAddress(hostname=text)
        for text in texts
    )


def in_order(addresses: Iterable[PublishedAddress]) -> Addresses:
    """Return each address once, in a stable order."""
    return tuple(sorted(set(addresses), key=lambda address: (address.hostname, address.ip)))
