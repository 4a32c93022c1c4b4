"""From a case's short forms to Kubernetes objects."""

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.compat.certificates import Certificates
from tests.compat.corpus import Case
from tests.drivers.ingresses import PREFIX
from tests.lab.client import Object

Short = dict[str, Any]

NETWORK = "10.77.0."
_HTTP = [["http", 80, 28080]]
_HTTP_AND_ALT = [["http", 80, 28080], ["alt", 81, 28081]]
STANDARD: dict[str, Short] = {
    "echo-a": {"ports": _HTTP_AND_ALT, "endpoints": [NETWORK + "1"]},
    "echo-b": {"ports": _HTTP_AND_ALT, "endpoints": [NETWORK + "2"]},
    "echo-c": {"ports": _HTTP, "endpoints": [NETWORK + "3"]},
    "echo-d": {"ports": _HTTP, "endpoints": [NETWORK + "4"]},
    "echo-two": {"ports": _HTTP, "endpoints": [NETWORK + "1", NETWORK + "2"]},
    "echo-four": {"ports": _HTTP, "endpoints": [f"{NETWORK}{n}" for n in (1, 2, 3, 4)]},
    "echo-tls": {"ports": [["https", 443, 28443]], "endpoints": [NETWORK + "1"]},
    "echo-none": {"ports": _HTTP, "endpoints": []},
    "echo-errors": {"ports": _HTTP, "endpoints": [NETWORK + "5"]},
    "echo-auth": {"ports": _HTTP, "endpoints": [NETWORK + "20"]},
    "echo-fcgi": {"ports": [["fcgi", 9000, 29000]], "endpoints": [NETWORK + "6"]},
    "echo-grpc": {"ports": [["grpc", 9001, 29001]], "endpoints": [NETWORK + "7"]},
    "echo-grpcs": {"ports": [["grpcs", 9443, 29443]], "endpoints": [NETWORK + "7"]},
    "echo-stuck": {"ports": _HTTP, "endpoints": [NETWORK + "31"]},
}
"""Services that a case has when it names them."""

_BORN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Objects:
    """The objects of one case as they are now; a request may change some."""

    def __init__(self, case: Case, certificates: Certificates) -> None:
        self._case = case
        self._certificates = certificates
        self._found: dict[tuple[str, str], Object] = {}
        self._age = 0
        for thing in self._first():
            self._put(thing)

    def __iter__(self) -> Iterator[Object]:
        yield from self._found.values()

    def change(self, step: Short) -> None:
        """Apply and delete what a step says."""
        if "delete" in step:
            kind, name = step["delete"]
            self._found.pop((kind, name), None)
        for short in step.get("ingresses", []):
            self._put(self._ingress(short, "i0"))
        for short in step.get("extra", []):
            for thing in extra(self._case.namespace, short, self._certificates):
                self._put(thing)

    def _put(self, thing: Object) -> None:
        key = (thing["kind"], thing["metadata"]["name"])
        if thing["kind"] == "Ingress":
            born = self._found[key]["metadata"] if key in self._found else {}
            thing["metadata"]["creationTimestamp"] = born.get("creationTimestamp", self._birth())
        self._found[key] = thing

    def _birth(self) -> str:
        self._age += self._case.ordered
        return (_BORN + dt.timedelta(seconds=self._age)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _first(self) -> Iterator[Object]:
        case = self._case
        changes = [request["change"] for request in case.requests if "change" in request]
        text = json.dumps([case.ingresses, case.extra, case.config, case.tcp, case.use, changes])
        own = {short.get("service") for short in case.extra}
        for name, short in STANDARD.items():
            if re.search(rf"\b{name}\b(?!-)", text) and name not in own:
                yield from service(case.namespace, name, short)
        for short in case.extra:
            yield from extra(case.namespace, short, self._certificates)
        for number, short in enumerate(case.ingresses):
            yield self._ingress(short, f"i{number}")

    def _ingress(self, short: Short, name: str) -> Object:
        return ingress(self._case.namespace, short, name)


def ingress(namespace: str, short: Short, name: str) -> Object:
    """An Ingress; of class nginx, unless it says otherwise."""
    annotations = {
        key if "/" in key else f"{PREFIX}/{key}": written(value)
        for key, value in short.get("annotations", {}).items()
    }
    spec: Object = {}
    class_name = short.get("class", "@class@")
    if class_name == "@annotation@":
        annotations["kubernetes.io/ingress.class"] = "nginx"
    elif class_name:
        spec["ingressClassName"] = "nginx" if class_name == "@class@" else class_name
    if "default" in short:
        spec["defaultBackend"] = backend(short["default"])
    if rules := [_rule(each) for each in short.get("rules", [])]:
        spec["rules"] = rules
    if "tls" in short:
        names = {"hosts": "hosts", "secret": "secretName"}
        spec["tls"] = [{names[k]: v for k, v in each.items() if v} for each in short["tls"]]
    metadata = {"name": short.get("name", name), "namespace": namespace}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata | {"annotations": annotations},
        "spec": spec,
    }


def written(value: object) -> str:
    """A value as annotations and ConfigMaps have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rule(short: Short) -> Object:
    rule: Object = {"host": short["host"]} if short.get("host") else {}
    if "paths" in short:
        rule["http"] = {"paths": [_path(*each) for each in short["paths"]]}
    return rule


def _path(path: str, kind: str, target: str | Short) -> Object:
    return ({"path": path} if path else {}) | {"pathType": kind, "backend": backend(target)}


def backend(short: str | Short) -> Object:
    """A backend written `service:port`; 80 where no port is given."""
    if isinstance(short, dict):
        return short
    name, _, port = short.partition(":")
    port = port or "80"
    wanted = {"number": int(port)} if port.isdigit() else {"name": port}
    return {"service": {"name": name, "port": wanted}}


def service(namespace: str, name: str, short: Short) -> Iterator[Object]:
    """A Service and its endpoints."""
    ports = [_port(each) for each in short.get("ports", [])]
    metadata = {"name": name, "namespace": namespace, "annotations": short.get("annotations", {})}
    spec: Object = {"ports": ports} if ports else {}
    if "externalName" in short:
        spec |= {"type": "ExternalName", "externalName": short["externalName"]}
    if "clusterIP" in short:
        spec["clusterIP"] = short["clusterIP"]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    if "externalName" not in short:
        ready, not_ready = short.get("endpoints", []), short.get("notReady", [])
        endpoints = [*_endpoints(ready, ready=True), *_endpoints(not_ready, ready=False)]
        labels = {"kubernetes.io/service-name": name}
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": labels},
            "endpoints": endpoints,
            "ports": [
                {"name": p.get("name", ""), "port": p.get("targetPort", p["port"])} for p in ports
            ],
        }


def _port(short: list[Any] | Object) -> Object:
    if isinstance(short, list):
        return dict(zip(("name", "port", "targetPort"), short, strict=False))
    return short


def _endpoints(addresses: Iterable[str], *, ready: bool) -> list[Object]:
    return [{"addresses": [each], "conditions": {"ready": ready}} for each in addresses]


def extra(namespace: str, short: Short, certificates: Certificates) -> Iterator[Object]:
    """Services, Secrets and ConfigMaps of a case."""
    if "service" in short:
        yield from service(namespace, short["service"], short)
    elif "configmap" in short:
        metadata = {"name": short["configmap"], "namespace": namespace}
        data = {key: written(value) for key, value in short["data"].items()}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    else:
        data = {key: str(value) for key, value in short.get("data", {}).items()}
        data |= _certified(namespace, short, certificates) | _passwords(short)
        is_tls = "tls" in short or "clientcert" in short
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls" if is_tls else "Opaque",
            "metadata": {"name": short["secret"], "namespace": namespace},
            "data": {key: _base64(value.encode()) for key, value in data.items()},
        }


def _certified(namespace: str, short: Short, certificates: Certificates) -> dict[str, str]:
    data = {}
    if tls := short.get("tls"):
        name, hosts = f"{namespace}/{short['secret']}", tls.get("sans", [tls["cn"]])
        pair = certificates.of_secret(name, tls["cn"], hosts, tls.get("ca"))
        data |= {"tls.crt": pair.certificate, "tls.key": pair.key}
    if client := short.get("clientcert"):
        pair = certificates.pair(client)
        data |= {"tls.crt": pair.certificate, "tls.key": pair.key}
    if authority := short.get("ca"):
        data["ca.crt"] = certificates.authority(authority)
    if revoked := short.get("crl"):
        data["ca.crl"] = certificates.revoked(revoked)
    return data


def _passwords(short: Short) -> dict[str, str]:
    data = {user: _sha(password) for user, password in short.get("authmap", {}).items()}
    if users := short.get("htpasswd"):
        data["auth"] = "".join(f"{user}:{_sha(password)}\n" for user, password in users.items())
    if digest := short.get("htdigest"):
        realm = digest["realm"]
        parts = {user: f"{user}:{realm}:{word}" for user, word in digest["users"].items()}
        data["auth"] = "".join(
            f"{user}:{realm}:{hashlib.md5(whole.encode()).hexdigest()}\n"
            for user, whole in parts.items()
        )
    return data


def _sha(password: str) -> str:
    return "{SHA}" + _base64(hashlib.sha1(password.encode()).digest())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
