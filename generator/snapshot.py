"""All objects that were read from the cluster or a folder, at one moment."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from generator.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    IngressClass,
    Name,
    ObjectRef,
    Secret,
    Service,
)
from generator.problems import Problems

_NOTHING: Mapping[Name, object] = MappingProxyType({})


class Origin(Struct, frozen=True):
    """The file and line of a manifest; `line` counts from 1, 0 is the whole file."""

    file: str
    line: int


class Snapshot(Struct, frozen=True, kw_only=True):
    """The objects by name. An object that did not change is the same object as before."""

    ingresses: Mapping[Name, Ingress] = _NOTHING  # type: ignore[assignment]
    ingress_classes: Mapping[Name, IngressClass] = _NOTHING  # type: ignore[assignment]
    services: Mapping[Name, Service] = _NOTHING  # type: ignore[assignment]
    endpoint_slices: Mapping[Name, tuple[EndpointSlice, ...]] = _NOTHING  # type: ignore[assignment]
    """By the name of the Service that they belong to; in order of their own names."""
    secrets: Mapping[Name, Secret] = _NOTHING  # type: ignore[assignment]
    config_maps: Mapping[Name, ConfigMap] = _NOTHING  # type: ignore[assignment]
    problems: Problems = ()
    """The problems of objects that could not be read."""
    origins: Mapping[ObjectRef, Origin] = MappingProxyType({})
    """The origins of objects that were read from manifests."""


class Source(Protocol):
    """A source of snapshots: a cluster, or a folder of manifests."""

    async def run(self) -> None:
        """Read, and keep reading until cancelled."""

    async def ready(self) -> None:
        """Return once a first snapshot is complete enough to serve from."""

    async def changed(self) -> None:
        """Return once the next snapshot differs from the last one taken."""

    def snapshot(self) -> Snapshot:
        """Return everything read so far."""
