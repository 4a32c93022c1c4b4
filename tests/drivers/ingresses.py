"""Ingresses in few words."""

from collections.abc import Iterable, Mapping

from tests.lab.client import Object

PREFIX = "nginx.ingress.kubernetes.io"
CONTROLLER = "k8s.io/ingress-nginx"
IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class"

Path = tuple[str, str, str]
"""Its type, the path, and the name of the Service."""


def ingress(
    *rules: Object, name: str = "shop", annotations: Mapping[str, str] | None = None, **spec: object
) -> Object:
    """An Ingress with these rules; annotations without their prefix, more of the spec by name."""
    prefixed = {f"{PREFIX}/{key}": value for key, value in (annotations or {}).items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": prefixed},
        "spec": ({"rules": list(rules)} if rules else {}) | spec,
    }


def rule(host: str, *paths: Path, port: Object | None = None) -> Object:
    """The paths of a host, all to this port of their Services, or to 80."""
    of_host = {"host": host} if host else {}
    port = port or {"number": 80}
    listed = [
        {"pathType": kind, "path": path, "backend": backend(service, port)}
        for kind, path, service in paths
    ]
    return of_host | {"http": {"paths": listed}}


def backend(service: str, port: Object | None = None) -> Object:
    """A backend that is a port of a Service, or 80."""
    return {"service": {"name": service, "port": port or {"number": 80}}}


def services(things: Iterable[Object]) -> list[str]:
    """The names of the Services that the Ingresses among these name."""
    specs = [thing["spec"] for thing in things if thing["kind"] == "Ingress"]
    backends = [
        path["backend"]
        for spec in specs
        for each in spec.get("rules", [])
        for path in each.get("http", {}).get("paths", [])
    ]
    backends += [spec["defaultBackend"] for spec in specs if "defaultBackend" in spec]
    return sorted({each["service"]["name"] for each in backends if "service" in each})


def ingress_class(name: str, controller: str = CONTROLLER, *, default: bool = False) -> Object:
    """An IngressClass, and whether Ingresses without a class belong to it."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name, "annotations": {IS_DEFAULT: str(default).lower()}},
        "spec": {"controller": controller},
    }
