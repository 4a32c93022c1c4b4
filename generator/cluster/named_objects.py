"""Keeps the Secrets, ConfigMaps and Services that are asked for by name, and no others.

TLS Secrets come by a wide watch where RBAC allows it. Every other object is followed
on its own: Secrets of other types, those that do not exist yet, ConfigMaps, and
everything where the wide watch is refused (RBAC by resourceNames then suffices).
A newly named object is fetched at once, then watched. Where no watch is free, it is
fetched from time to time.
"""

import asyncio
from typing import Any

import structlog
from msgspec import Struct

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.list_watch import Scope
from generator.cluster.object_fetcher import ObjectFetcher
from generator.cluster.reflector import Hooks, Reflector
from generator.cluster.resources import CONFIG_MAPS, SECRETS, SERVICES, Resource
from generator.cluster.store import Store
from generator.cluster.tls_secrets import tls_secrets
from generator.cluster.watch_slots import WatchSlots
from generator.log_events import Event
from generator.objects import Kind, Name, ObjectRef, Secret

_RESOURCES: dict[Kind, Resource[Any]] = {
    resource.kind: resource for resource in (SECRETS, CONFIG_MAPS, SERVICES)
}

log = structlog.get_logger()


class NamedObjects:
    """The wanted objects, and the task that follows each."""

    def __init__(
        self, client: Client, store: Store, timing: Timing, namespaces: tuple[str, ...]
    ) -> None:
        self._client = client
        self._store = store
        self._timing = timing
        hooks = Hooks(
            keeps=lambda name: ObjectRef(Kind.SECRET, name) in self._wanted,
            on_put=self._stop_if_held_wide,
            on_remove=self._follow_secret,
            on_access=self._review,
        )
        self._tls = tls_secrets(client, store.tables[Kind.SECRET], timing, namespaces, hooks)
        self._wanted: frozenset[ObjectRef] = frozenset()
        self._tasks: dict[ObjectRef, asyncio.Task[None]] = {}
        self._arrivals = _Arrivals()
        self._slots = WatchSlots(timing.poll_s)
        self._fetcher = ObjectFetcher(client, store)

    @property
    def wide_reflectors(self) -> tuple[Reflector[Secret], ...]:
        """Return the reflectors of TLS Secrets; the caller runs them."""
        return tuple(self._tls.reflectors.values())

    def want(self, refs: frozenset[ObjectRef]) -> None:
        """Follow these objects, and drop all others."""
        if refs == self._wanted:
            return
        for ref in self._wanted - refs:
            self._stop(ref)
            self._store.tables[ref.kind].remove(ref.name)
        self._wanted = refs
        self._review()

    async def wait_for_new(self) -> None:
        """Wait until newly wanted objects were fetched, for `hold_s` after each was wanted."""
        await self._arrivals.wait(self._timing.hold_s)

    def close(self) -> None:
        """Stop following."""
        for ref in tuple(self._tasks):
            self._stop(ref)

    def _review(self) -> None:
        """Have each wanted object followed in exactly one way."""
        for ref in self._wanted:
            if self._tls.holds(ref):
                self._stop(ref)
            else:
                self._follow(ref)

    def _stop_if_held_wide(self, name: Name) -> None:
        ref = ObjectRef(Kind.SECRET, name)
        if self._tls.holds(ref):
            self._stop(ref)

    def _follow_secret(self, name: Name) -> None:
        """Follow a deleted Secret: it may come back with a type that the wide watch skips."""
        self._follow(ObjectRef(Kind.SECRET, name))

    def _follow(self, ref: ObjectRef) -> None:
        if ref in self._tasks or ref not in self._wanted or self._tls.may_come(ref):
            return
        self._arrivals.expect(ref)
        task = self._tasks[ref] = asyncio.get_running_loop().create_task(self._keep(ref))
        task.add_done_callback(lambda task: self._on_end(ref, task))

    def _stop(self, ref: ObjectRef) -> None:
        task = self._tasks.pop(ref, None)
        if task:
            task.cancel()
        self._arrivals.end(ref)

    def _on_end(self, ref: ObjectRef, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error(Event.REFLECTOR_FAILED, resource=str(ref), exc_info=error)
        if self._tasks.get(ref) is task:
            del self._tasks[ref]
            self._arrivals.end(ref)

    async def _keep(self, ref: ObjectRef) -> None:
        """Follow one object, until the wide watch has it."""
        namespace = ref.name.namespace
        while True:
            await self._fetcher.fetch(_RESOURCES[ref.kind], ref)
            self._arrivals.end(ref)
            if self._tls.holds(ref):
                return
            if await self._slots.acquire(namespace):
                break
        try:
            await self._reflector(ref).run_for_good()
        finally:
            self._slots.release(namespace)

    def _reflector(self, ref: ObjectRef) -> Reflector[Any]:
        is_secret = ref.kind is Kind.SECRET
        return Reflector(
            self._client,
            _RESOURCES[ref.kind],
            self._store.tables[ref.kind],
            scope=Scope(namespace=ref.name.namespace, fields=f"metadata.name={ref.name.name}"),
            timing=self._timing,
            hooks=Hooks(on_put=self._stop_if_held_wide) if is_secret else Hooks(),
        )


class _Arrival(Struct):
    done: asyncio.Future[None]
    since_s: float


class _Arrivals:
    """Objects that are wanted and were not fetched yet."""

    def __init__(self) -> None:
        self._pending: dict[ObjectRef, _Arrival] = {}

    def expect(self, ref: ObjectRef) -> None:
        loop = asyncio.get_running_loop()
        self._pending[ref] = _Arrival(loop.create_future(), loop.time())

    def end(self, ref: ObjectRef) -> None:
        arrival = self._pending.pop(ref, None)
        if arrival and not arrival.done.done():
            arrival.done.set_result(None)

    async def wait(self, hold_s: float) -> None:
        """Wait for those that are expected for less than `hold_s`, for as long at most."""
        now_s = asyncio.get_running_loop().time()
        young = [a.done for a in self._pending.values() if now_s - a.since_s < hold_s]
        if young:
            await asyncio.wait(young, timeout=hold_s)
