"""Keeps the Secrets and ConfigMaps that are asked for by name, and no others.

Secrets of the type for TLS come by one wide watch where RBAC allows it, which drops
those that no one names. All else is followed one name at a time: Secrets of other
types, those that do not exist yet, ConfigMaps, and everything where the wide watch
is refused (RBAC by resourceNames then suffices). What is newly named is fetched at
once. An Ingress can name thousands of Secrets, so each namespace has only so many
places for watches, and what finds none is fetched now and then.
"""

import asyncio
import random
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.errors import ClusterError, Refused
from generator.cluster.reflector import Reflector, Scope
from generator.cluster.resources import CONFIG_MAPS, SECRETS, SERVICES, Broken, Resource, broken
from generator.cluster.store import Store, Table
from generator.log_events import Event
from generator.objects import Kind, KubernetesObject, Name, ObjectRef, Secret

TLS = "kubernetes.io/tls"
PLACES = 20
"""Watches of single names, for each namespace."""
FETCHES = 50
"""At once, for all."""
FETCHES_OF_ONE = 4
"""At once, for each namespace: one with thousands of names does not hold up another."""

log = structlog.get_logger()


class _Pending(Struct):
    done: asyncio.Future[None]
    since: float


class NamedObjects:
    """What is asked for by name, followed for as long as it is."""

    def __init__(
        self, client: Client, store: Store, timing: Timing, namespaces: tuple[str, ...]
    ) -> None:
        self._client = client
        self._store = store
        self._timing = timing
        self._resources: dict[Kind, Resource[Any]] = {
            resource.kind: resource for resource in (SECRETS, CONFIG_MAPS, SERVICES)
        }
        self.wide: dict[str, Reflector[Secret]] = {
            namespace: Reflector(
                client,
                SECRETS,
                WideSink(self, store.tables[Kind.SECRET]),
                scope=Scope(namespace=namespace, fields=f"type={TLS}"),
                timing=timing,
                turned=self._review,
            )
            for namespace in namespaces or ("",)
        }
        """Secrets for TLS: by namespace, or of all under the empty name."""
        self._wanted: frozenset[ObjectRef] = frozenset()
        self._tasks: dict[ObjectRef, asyncio.Task[None]] = {}
        self._pending: dict[ObjectRef, _Pending] = {}
        self._places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(PLACES))
        self._without_place: Counter[str] = Counter()
        self._fetches = asyncio.Semaphore(FETCHES)
        self._fetches_of_one: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(FETCHES_OF_ONE)
        )

    def want(self, refs: frozenset[ObjectRef]) -> None:
        """Follow these, and let go of all others."""
        if refs == self._wanted:
            return
        for ref in self._wanted - refs:
            self._end(ref)
            self._store.tables[ref.kind].remove(ref.name)
        self._wanted = refs
        self._review()

    def wants(self, ref: ObjectRef) -> bool:
        """Whether this is asked for."""
        return ref in self._wanted

    async def settle(self) -> None:
        """Return once what was newly asked for is here, or was waited for long enough."""
        now = asyncio.get_running_loop().time()
        young = [p.done for p in self._pending.values() if now - p.since < self._timing.hold_s]
        if young:
            await asyncio.wait(young, timeout=self._timing.hold_s)

    def close(self) -> None:
        """Stop following."""
        for ref in tuple(self._tasks):
            self._end(ref)

    def seen_wide(self, name: Name) -> None:
        """End the watch of this Secret alone, which the wide watch has."""
        ref = ObjectRef(Kind.SECRET, name)
        if self._is_kept_wide(ref):
            self._end(ref)

    def lost_wide(self, name: Name) -> None:
        """Watch this Secret alone: it may come back with a type that the wide watch skips."""
        self._follow(ObjectRef(Kind.SECRET, name))

    def _review(self) -> None:
        """Have each wanted object followed in one way."""
        for ref in self._wanted:
            if self._is_kept_wide(ref):
                self._end(ref)
            else:
                self._follow(ref)

    def _is_kept_wide(self, ref: ObjectRef) -> bool:
        reflector = self._wide_of(ref)
        held = self._store.tables[ref.kind].get(ref.name)
        return bool(
            reflector and reflector.allowed and isinstance(held, Secret) and held.type == TLS
        )

    def _wide_of(self, ref: ObjectRef) -> Reflector[Secret] | None:
        if ref.kind is not Kind.SECRET:
            return None
        return self.wide.get("") or self.wide.get(ref.name.namespace)

    def _follow(self, ref: ObjectRef) -> None:
        wide = self._wide_of(ref)
        if ref in self._tasks or ref not in self._wanted or (wide and not wide.has_answered):
            return
        loop = asyncio.get_running_loop()
        self._pending[ref] = _Pending(loop.create_future(), loop.time())
        task = self._tasks[ref] = loop.create_task(self._keep(ref))
        task.add_done_callback(lambda task: self._ended(ref, task))

    def _end(self, ref: ObjectRef) -> None:
        task = self._tasks.pop(ref, None)
        if task:
            task.cancel()
        self._settled(ref)

    def _ended(self, ref: ObjectRef, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error(Event.REFLECTOR_FAILED, resource=str(ref), exc_info=error)
        if self._tasks.get(ref) is task:
            del self._tasks[ref]
            self._settled(ref)

    def _settled(self, ref: ObjectRef) -> None:
        pending = self._pending.pop(ref, None)
        if pending and not pending.done.done():
            pending.done.set_result(None)

    async def _keep(self, ref: ObjectRef) -> None:
        """Follow one object until the wide watch has it, or for ever."""
        namespace = ref.name.namespace
        while True:
            await self._fetch(ref)
            self._settled(ref)
            if self._is_kept_wide(ref):
                return
            if await self._take_place(namespace):
                break
        try:
            await Reflector(
                self._client,
                self._resources[ref.kind],
                NarrowSink(self, self._store.tables[ref.kind]),
                scope=Scope(namespace=namespace, fields=f"metadata.name={ref.name.name}"),
                timing=self._timing,
            ).run_for_good()
        finally:
            self._places[namespace].release()

    async def _take_place(self, namespace: str) -> bool:
        """Wait for a place for a watch, but not for ever: the more wait, the longer each may."""
        self._without_place[namespace] += 1
        wait_s = self._timing.poll_s * max(1.0, self._without_place[namespace] / PLACES)
        try:
            async with asyncio.timeout(wait_s * random.uniform(0.5, 1.5)):  # noqa: S311
                await self._places[namespace].acquire()
        except TimeoutError:
            return False
        finally:
            self._without_place[namespace] -= 1
        return True

    async def _fetch(self, ref: ObjectRef) -> None:
        """Read one object now; where that cannot be done, its watch will say why."""
        namespace, name = ref.name
        resource, table = self._resources[ref.kind], self._store.tables[ref.kind]
        before = table.get(ref.name)
        async with self._fetches_of_one[namespace], self._fetches:
            try:
                text = await self._client.get(resource.path(namespace, name))
            except Refused as error:
                if error.status == 404:
                    table.remove(ref.name)
                return
            except ClusterError:
                return
        if table.get(ref.name) is not before:
            return  # The wide watch was faster; what it says is newer or soon will be.
        try:
            table.put(resource.read(text))
        except msgspec.DecodeError as error:
            with suppress(msgspec.DecodeError):
                table.keep(broken(text, ref.kind, error))


class NarrowSink:
    """Takes one named object."""

    def __init__(self, named: NamedObjects, table: Table[Any]) -> None:
        self._named = named
        self._table = table

    def known(self, found: KubernetesObject) -> KubernetesObject:
        """Return the object that is held if it says the same."""
        held: KubernetesObject = self._table.known(found)
        return held

    def put(self, found: KubernetesObject) -> None:
        """Hold it; where the wide watch follows it too, this was its last task."""
        self._table.put(found)
        if isinstance(found, Secret):
            self._named.seen_wide(found.name)

    def keep(self, unread: Broken) -> None:
        """Go on holding what it said before."""
        self._table.keep(unread)

    def remove(self, name: Name) -> None:
        """Hold nothing of this name."""
        self._table.remove(name)


class WideSink:
    """Takes the Secrets that someone named, of all that come by."""

    def __init__(self, named: NamedObjects, table: Table[Any]) -> None:
        self._named = named
        self._table = table

    def known(self, found: Secret) -> Secret | None:
        """Return the Secret that is held if it says the same; None if no one named it."""
        if not self._wants(found.name):
            return None
        held: Secret = self._table.known(found)
        return held

    def put(self, found: Secret) -> None:
        """Hold it if it is named."""
        if self._wants(found.name):
            self._table.put(found)
            self._named.seen_wide(found.name)

    def keep(self, unread: Broken) -> None:
        """Go on holding what it said before, if it is named."""
        if self._wants(unread.ref.name):
            self._table.keep(unread)

    def remove(self, name: Name) -> None:
        """Hold nothing of this name."""
        if self._wants(name):
            self._table.remove(name)
            self._named.lost_wide(name)

    def _wants(self, name: Name) -> bool:
        return self._named.wants(ObjectRef(Kind.SECRET, name))
