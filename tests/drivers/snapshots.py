"""Snapshots of plain objects, and what they are built to; in few words."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec.structs import fields

from generator.model import Location, Server, Upstream
from generator.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    IngressClass,
    KubernetesObject,
    Name,
    Secret,
    Service,
    convert,
)
from generator.settings.settings import Settings
from generator.snapshot import Snapshot
from generator.translation import Memo, Translation, TranslationSettings, translate
from generator.volume.default_certificate import make
from tests.drivers import ingresses
from tests.lab.client import Object

_KINDS: Mapping[str, type[KubernetesObject]] = {
    kind.__name__: kind
    for kind in (Ingress, IngressClass, Service, EndpointSlice, Secret, ConfigMap)
}
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def defaults(*names: str) -> dict[str, object]:
    """What an installation has that sets nothing."""
    return {field.name: field.default for field in fields(Settings) if field.name in names}


@cache
def options(**changes: object) -> TranslationSettings:
    """The options of a fresh installation, but for these; the same each time."""
    given = {"fallback_certificate": make(NOW), "watch_ingress_without_class": True}
    return TranslationSettings(
        **(defaults("controller_class", "ingress_class", "annotations_prefix") | given | changes)
    )


def decoded(thing: Object) -> KubernetesObject:
    """One object, in namespace default where it names none."""
    metadata = {"namespace": "default"} | thing["metadata"]
    if thing["kind"] == "IngressClass":
        metadata["namespace"] = ""
    text = thing.get("stringData", {})
    data = {k: v.encode() for k, v in text.items()} if text else thing.get("data", {})
    return convert({**thing, "metadata": metadata, "data": data}, _KINDS[thing["kind"]])


def snapshot(*things: Object) -> Snapshot:
    """All of these objects."""
    return snapshot_of(decoded(thing) for thing in things)


def snapshot_of(objects: Iterable[KubernetesObject]) -> Snapshot:
    """All of these objects, as they are."""
    tables: dict[type, dict[Name, KubernetesObject]] = defaultdict(dict)
    slices: dict[Name, list[EndpointSlice]] = defaultdict(list)
    for each in objects:
        tables[type(each)][each.name] = each
        if isinstance(each, EndpointSlice):
            slices[each.service].append(each)
    return Snapshot(
        ingresses=tables[Ingress],
        ingress_classes=tables[IngressClass],
        services=tables[Service],
        endpoint_slices={n: tuple(sorted(s, key=lambda x: x.name)) for n, s in slices.items()},
        secrets=tables[Secret],
        config_maps=tables[ConfigMap],
    )


def published(name: str, *addresses: str, port: int = 8080, **spec: object) -> list[Object]:
    """A Service of one port, http or 80, and the slice with its endpoints."""
    at = [{"addresses": [address]} for address in addresses or ("10.0.0.1",)]
    family = "IPv6" if any(":" in address for address in addresses) else "IPv4"
    ports = [{"name": "http", "port": port}]
    labels = {"kubernetes.io/service-name": name}
    slice_ = {"metadata": {"name": name, "labels": labels}, "addressType": family}
    return [
        {
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"ports": [{"name": "http", "port": 80}]} | spec,
        },
        {"kind": "EndpointSlice", **slice_, "endpoints": at, "ports": ports},
    ]


def built(*things: Object, **changes: object) -> Translation:
    """What these objects come to; Services that nobody gives are there and have an endpoint."""
    given = {thing["metadata"]["name"] for thing in things if thing["kind"] == "Service"}
    missing = [name for name in ingresses.services(things) if name not in given]
    more = [each for name in missing for each in published(name)]
    return translate(snapshot(*things, *more), options(**changes), Memo())


def server(found: Translation, host: str = "shop.test") -> Server:
    """The server of a host."""
    return next(each for each in found.model.servers if each.host.name == host)


def locations(found: Translation, host: str = "shop.test") -> dict[str, Location]:
    """The locations of a host, as nginx would write what it compares, in order."""
    listed = server(found, host).locations
    texts = [getattr(each.path, "text", None) or each.path.pattern for each in listed]
    return {
        f"{each.match.value} {text}".strip(): each for each, text in zip(listed, texts, strict=True)
    }


def backends(found: Translation, host: str = "shop.test") -> dict[str, str]:
    """Who answers each location: the name of a Service, or a status."""
    return {
        matched: each.handler.service.partition("/")[2] or str(each.handler.action.status)
        for matched, each in locations(found, host).items()
    }


def upstreams(found: Translation) -> dict[str, Upstream]:
    """The upstreams by `namespace/name` of their Services."""
    return {str(each.service.name): each for each in found.model.upstreams}


def told(found: Translation) -> list[str]:
    """The problems, a line each."""
    return [f"{p.severity} {p.object} {p.field}: {p.message}" for p in found.problems]
