"""A cluster as a source of snapshots."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.named import NamedObjects
from generator.cluster.reflector import Reflector, Scope
from generator.cluster.resources import (
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    SERVICES,
    Resource,
)
from generator.cluster.store import Store
from generator.objects import Kind, LoadBalancerStatus, Name, ObjectRef, Service
from generator.snapshot import Snapshot

References = Callable[[Snapshot], frozenset[ObjectRef]]
"""The Secrets and ConfigMaps that the objects of a snapshot name."""

ESSENTIAL = (Kind.INGRESS, Kind.SERVICE, Kind.ENDPOINT_SLICE)
"""Without these a snapshot would take down what is served."""


class ClusterSource:
    """Follows a cluster, in all namespaces or in some.

    `references` says which Secrets and ConfigMaps to read; `named` are objects to
    read in any case (settings name them), Services outside of the namespaces too.
    """

    def __init__(
        self,
        client: Client,
        *,
        references: References,
        named: frozenset[ObjectRef] = frozenset(),
        namespaces: tuple[str, ...] = (),
        timing: Timing = Timing(),  # noqa: B008 - frozen
    ) -> None:
        self._references = references
        self._named = frozenset(
            ref
            for ref in named
            if ref.kind is not Kind.SERVICE or (namespaces and ref.name.namespace not in namespaces)
        )
        self.store = Store()
        self._reflectors: dict[Kind, list[Reflector[Any]]] = {
            resource.kind: [
                Reflector(
                    client,
                    resource,
                    self.store.tables[resource.kind],
                    scope=Scope(namespace=namespace),
                    timing=timing,
                )
                for namespace in (namespaces if resource.namespaced and namespaces else ("",))
            ]
            for resource in _RESOURCES
        }
        self._by_name = NamedObjects(client, self.store, timing, namespaces)
        self._looked_at: tuple[object, ...] = ()
        self._references_known = asyncio.Event()

    async def run(self) -> None:
        """Follow everything, each part by itself, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for reflectors in self._reflectors.values():
                    for reflector in reflectors:
                        tasks.create_task(reflector.run_for_good())
                tasks.create_task(self._follow_references())
                for reflector in self._by_name.wide.values():
                    tasks.create_task(self._once_references_are_known(reflector))
        finally:
            self._by_name.close()

    async def ready(self) -> None:
        """Return once there is enough to serve from.

        That is: Ingresses, Services and EndpointSlices were listed (where there are
        several namespaces, in one at least), and all else was listed too or has been
        refused for `give_up_s`. While the apiserver does not answer, it is not ready.
        """
        for kind in ESSENTIAL:
            await _first([reflector.has_listed() for reflector in self._reflectors[kind]])
        everything = [r for reflectors in self._reflectors.values() for r in reflectors]
        await asyncio.gather(*(reflector.settled() for reflector in everything))
        await asyncio.gather(*(reflector.answered() for reflector in self._by_name.wide.values()))
        self._look_up_references()
        await self._by_name.settle()

    def waits_for(self) -> tuple[str, ...]:
        """Say what was not read yet, for whoever asks why it is not ready."""
        reflectors = [r for some in self._reflectors.values() for r in some]
        return tuple(str(r) for r in (*reflectors, *self._by_name.wide.values()) if not r.listed)

    async def changed(self) -> None:
        """Return once the next snapshot differs from the last one taken.

        An Ingress that names a Secret for the first time waits for it, for `hold_s` at most.
        """
        await self.store.changed.wait()
        self._look_up_references()
        await self._by_name.settle()

    def snapshot(self) -> Snapshot:
        """Take everything read so far."""
        return self.store.take()

    def status(self, kind: Kind, name: Name) -> LoadBalancerStatus | None:
        """Return the newest status of an Ingress or a Service; None where there is none."""
        newest = self.store.tables[kind].newest.get(name)
        return newest.status if newest else None

    def service(self, name: Name) -> Service | None:
        """Return a Service."""
        found: Service | None = self.store.tables[Kind.SERVICE].get(name)
        return found

    def _look_up_references(self) -> None:
        """Ask what is named, unless nothing changed that could name anything."""
        snapshot = self.store.look()
        sources = (snapshot.ingresses, snapshot.ingress_classes, snapshot.config_maps)
        if self._looked_at and all(
            new is old for new, old in zip(sources, self._looked_at, strict=True)
        ):
            return
        self._looked_at = sources
        self._by_name.want(self._named | self._references(snapshot))

    async def _follow_references(self) -> None:
        for kind in (Kind.INGRESS, Kind.INGRESS_CLASS):
            for reflector in self._reflectors[kind]:
                await reflector.answered()
        self._look_up_references()
        self._references_known.set()
        while True:
            await self.store.touched()
            self._look_up_references()

    async def _once_references_are_known(self, reflector: Reflector[Any]) -> None:
        """List Secrets when it is known which to keep: others need not be fetched singly."""
        await self._references_known.wait()
        await reflector.run_for_good()


async def _first(waits: list[Coroutine[Any, Any, None]]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


_RESOURCES: tuple[Resource[Any], ...] = (INGRESSES, INGRESS_CLASSES, SERVICES, ENDPOINT_SLICES)
