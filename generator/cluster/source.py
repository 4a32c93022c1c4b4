"""Follows a cluster as a source of snapshots."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.list_watch import Scope
from generator.cluster.named_objects import NamedObjects
from generator.cluster.reflector import Reflector
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

_NAMING = (Kind.INGRESS, Kind.INGRESS_CLASS, Kind.CONFIG_MAP)
"""Kinds whose objects can name others."""


class ClusterSource:
    """The reflectors of a cluster, in all namespaces or in some, and their store.

    `references` returns which Secrets and ConfigMaps to read; `named` are objects to
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
        self._named_objects = NamedObjects(client, self.store, timing, namespaces)
        self._searched: tuple[object, ...] = ()
        self._has_references = asyncio.Event()

    async def run(self) -> None:
        """Follow every resource, independently of the others, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for reflectors in self._reflectors.values():
                    for reflector in reflectors:
                        tasks.create_task(reflector.run_for_good())
                tasks.create_task(self._follow_references())
                for reflector in self._named_objects.wide_reflectors:
                    tasks.create_task(self._follow_tls_secrets(reflector))
        finally:
            self._named_objects.close()

    async def ready(self) -> None:
        """Wait until there is enough to serve from.

        That is: Ingresses, Services and EndpointSlices were listed (of several
        namespaces, in one at least), and every other resource was listed too or has
        been refused for `give_up_s`. While the apiserver does not answer, it is not ready.
        """
        for kind in ESSENTIAL:
            await _first([reflector.wait_until_listed() for reflector in self._reflectors[kind]])
        everything = [r for reflectors in self._reflectors.values() for r in reflectors]
        await asyncio.gather(*(r.wait_until_listed_or_given_up() for r in everything))
        await asyncio.gather(*(r.wait_for_answer() for r in self._named_objects.wide_reflectors))
        self._look_up_references()
        await self._named_objects.wait_for_new()

    async def changed(self) -> None:
        """Wait until the next snapshot differs from the last one taken.

        An Ingress that names a Secret for the first time waits for it, for `hold_s` at most.
        """
        await self.store.changed.wait()
        self._look_up_references()
        await self._named_objects.wait_for_new()

    def snapshot(self) -> Snapshot:
        """Return a snapshot of everything read so far."""
        return self.store.take()

    def status(self, kind: Kind, name: Name) -> LoadBalancerStatus | None:
        """Return the current status of an Ingress or a Service; None if there is none."""
        current = self.store.tables[kind].statuses.get(name)
        return current.status if current else None

    def service(self, name: Name) -> Service | None:
        """Return a Service; None if there is none."""
        found: Service | None = self.store.tables[Kind.SERVICE].get(name)
        return found

    def _look_up_references(self) -> None:
        """Update the wanted objects if an object changed that can name others."""
        # Not the snapshot: most changes are of EndpointSlices, which name nothing.
        sources = tuple(self.store.tables[kind].view() for kind in _NAMING)
        if self._searched and all(
            new is old for new, old in zip(sources, self._searched, strict=True)
        ):
            return
        self._searched = sources
        self._named_objects.want(self._named | self._references(self.store.peek()))

    async def _follow_references(self) -> None:
        for kind in (Kind.INGRESS, Kind.INGRESS_CLASS):
            for reflector in self._reflectors[kind]:
                await reflector.wait_for_answer()
        self._look_up_references()
        self._has_references.set()
        while True:
            await self.store.wait_until_touched()
            self._look_up_references()

    async def _follow_tls_secrets(self, reflector: Reflector[Any]) -> None:
        """List Secrets once it is known which to keep, so that none is fetched on its own."""
        await self._has_references.wait()
        await reflector.run_for_good()


async def _first(waits: list[Coroutine[Any, Any, None]]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


_RESOURCES: tuple[Resource[Any], ...] = (INGRESSES, INGRESS_CLASSES, SERVICES, ENDPOINT_SLICES)
