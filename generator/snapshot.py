"""What was read from the cluster or a folder, at one moment."""

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
    """The objects by name. One that did not change is the same Python object as before."""

    ingresses: Mapping[Name, Ingress] = _NOTHING  # type: ignore[assignment]
    ingress_classes: Mapping[Name, IngressClass] = _NOTHING  # type: ignore[assignment]
    services: Mapping[Name, Service] = _NOTHING  # type: ignore[assignment]
    endpoint_slices: Mapping[Name, tuple[EndpointSlice, ...]] = _NOTHING  # type: ignore[assignment]
    """By the name of their Service; sorted by their own names."""
    secrets: Mapping[Name, Secret] = _NOTHING  # type: ignore[assignment]
    config_maps: Mapping[Name, ConfigMap] = _NOTHING  # type: ignore[assignment]
    problems: Problems = ()
    """About objects that could not be decoded."""
    origins: Mapping[ObjectRef, Origin] = MappingProxyType({})
    """Of objects that came from manifests."""


class Source(Protocol):
    """Where snapshots come from: a cluster, or a folder of manifests."""

    async def run(self) -> None:
        """Read, and keep reading until cancelled."""

    async def ready(self) -> None:
        """Wait until a snapshot is complete enough to serve from."""

    async def changed(self) -> None:
        """Wait until the next snapshot differs from the last one taken."""

    def snapshot(self) -> Snapshot:
        """Return a snapshot of everything read so far."""
