"""Converts objects of older API versions to current ones, as plain values.

Rules: Kubernetes' deprecation guide v1.22 for Ingress; Endpoints become the slices that
the control plane would mirror.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Plain = Mapping[str, Any]
_MIRRORING = "endpointslicemirroring-controller.k8s.io"


def ingress_to_v1(old: Plain) -> Plain:
    """Convert an Ingress of extensions/v1beta1 or networking.k8s.io/v1beta1."""
    spec = old.get("spec")
    if not isinstance(spec, Mapping):
        return old
    new = {key: value for key, value in spec.items() if key != "backend"}
    if "backend" in spec:
        new["defaultBackend"] = _backend(spec["backend"])
    if isinstance(spec.get("rules"), list):
        new["rules"] = [_rule(rule) for rule in spec["rules"]]
    return {**old, "spec": new}


def unchanged(old: Plain) -> Plain:
    """Return an object whose fields are still the same."""
    return old


def endpoints_to_slices(endpoints: Plain) -> Iterator[Plain]:
    """Convert v1 Endpoints: a slice for each subset and family of addresses."""
    metadata = endpoints.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    for number, subset in enumerate(_mappings(endpoints.get("subsets"))):
        addresses = [(a, True) for a in _mappings(subset.get("addresses"))]
        addresses += [(a, False) for a in _mappings(subset.get("notReadyAddresses"))]
        for family in ("IPv4", "IPv6"):
            found = [(a, ready) for a, ready in addresses if _family(a.get("ip")) == family]
            if found:
                name = f"{metadata.get('name', '')}-{number}-{family.lower()}"
                yield {
                    "metadata": {
                        **metadata,
                        "name": name,
                        "labels": {
                            "kubernetes.io/service-name": metadata.get("name", ""),
                            "endpointslice.kubernetes.io/managed-by": _MIRRORING,
                        },
                    },
                    "addressType": family,
                    "endpoints": [
                        {"addresses": [a.get("ip")], "conditions": {"ready": ready}}
                        for a, ready in found
                    ],
                    "ports": subset.get("ports"),
                }


def _rule(rule: Any) -> Any:  # noqa: ANN401 - whatever the file has
    if not isinstance(rule, Mapping) or not isinstance(rule.get("http"), Mapping):
        return rule
    http = rule["http"]
    if not isinstance(http.get("paths"), list):
        return rule
    return {**rule, "http": {**http, "paths": [_path(path) for path in http["paths"]]}}


def _path(path: Any) -> Any:  # noqa: ANN401 - whatever the file has
    if not isinstance(path, Mapping):
        return path
    return {
        **path,
        "path": path.get("path") or "/",
        "pathType": path.get("pathType") or "ImplementationSpecific",
        "backend": _backend(path.get("backend")),
    }


def _backend(backend: Any) -> Any:  # noqa: ANN401 - whatever the file has
    if not isinstance(backend, Mapping) or "serviceName" not in backend:
        return backend
    port = backend.get("servicePort")
    if isinstance(port, str) and not port.isdecimal():
        reference: Plain = {"name": port}
    else:
        reference = {"number": int(port) if isinstance(port, str) else port}
    rest = {k: v for k, v in backend.items() if k not in {"serviceName", "servicePort"}}
    return {**rest, "service": {"name": backend["serviceName"], "port": reference}}


def _mappings(value: Any) -> Iterator[Plain]:  # noqa: ANN401 - whatever the file has
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))


def _family(address: Any) -> str:  # noqa: ANN401 - whatever the file has
    return "IPv6" if ":" in str(address) else "IPv4"
