"""Kubernetes objects that tests need often, as plain dicts.

A Service here has no selector: the EndpointSlice beside it names local processes.
"""

from typing import Protocol

from tests.lab.client import Client, Object
from tests.lab.pki import Pair


class Endpoint(Protocol):
    """Anything that listens somewhere, such as a Backend."""

    address: str
    port: int


def service(name: str, port: int = 80, **spec: object) -> Object:
    """A Service with one port, named http."""
    ports = [{"name": "http", "port": port, "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": ports} | spec,
    }


def endpoint_slice(name: str, *endpoints: Endpoint, ready: bool = True) -> Object:
    """The endpoints of the Service of that name; all must listen on the same port."""
    ports = {endpoint.port for endpoint in endpoints}
    assert len(ports) <= 1, f"An EndpointSlice has one port for all; these have {ports}."
    addresses = [endpoint.address for endpoint in endpoints]
    family = "IPv6" if any(":" in address for address in addresses) else "IPv4"
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-lab", "labels": {"kubernetes.io/service-name": name}},
        "addressType": family,
        "ports": [{"name": "http", "port": port, "protocol": "TCP"} for port in ports],
        "endpoints": [{"addresses": [a], "conditions": {"ready": ready}} for a in addresses],
    }


def ingress(name: str, host: str, path: str = "/", service: str = "echo", **spec: object) -> Object:
    """An Ingress with one rule: Prefix `path` of `host` goes to port 80 of `service`.

    More of the spec by keyword; `annotations` go to the metadata.
    """
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [_prefix(path, backend)]}}
    annotations = spec.pop("annotations", {})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"rules": [rule]} | spec,
    }


def tls_secret(name: str, pair: Pair) -> Object:
    """A Secret with a certificate and its key, as `tls` of an Ingress names it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": name},
        "stringData": {"tls.crt": pair.certificate, "tls.key": pair.key},
    }


def _prefix(path: str, backend: Object) -> Object:
    return {"path": path, "pathType": "Prefix", "backend": backend}


def publish(client: Client, name: str, *endpoints: Endpoint) -> None:
    """A Service of that name with these endpoints; called again, it has the new ones."""
    client.apply(service(name))
    client.apply(endpoint_slice(name, *endpoints))
