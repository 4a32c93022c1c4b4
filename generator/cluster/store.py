"""What was read last, and snapshots of it.

An object that says what it said before stays the same Python object, through
updates and relists: building is memoised on identity. What no one builds from
(resourceVersion, managed fields, the status) makes no snapshot new; the newest
status is kept beside, for whoever writes it.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, NamedTuple

from msgspec import structs

from generator.cluster.resources import Broken
from generator.objects import (
    EndpointSlice,
    Kind,
    LoadBalancerStatus,
    Metadata,
    Name,
    Object,
    ObjectRef,
)
from generator.problems import Problem, Problems
from generator.snapshot import Snapshot

_METADATA = tuple(f.name for f in structs.fields(Metadata) if f.name != "resource_version")


def says_the_same(one: Object, other: Object) -> bool:
    """Whether there is nothing between two objects that anything is built from."""
    return all(
        getattr(one.metadata, name) == getattr(other.metadata, name) for name in _METADATA
    ) and all(
        getattr(one, name) == getattr(other, name)
        for name in one.__struct_fields__
        if name not in ("metadata", "status")
    )


class Newest(NamedTuple):
    """What changes without making a snapshot new."""

    resource_version: str
    status: LoadBalancerStatus


class Table(Generic[Object]):
    """The objects of one kind."""

    def __init__(self, changed: Callable[[], None], status_changed: Callable[[Name], None]) -> None:
        self._changed = changed
        self._status_changed = status_changed
        self._objects: dict[Name, Object] = {}
        self._view: Mapping[Name, Any] | None = None
        self.problems: dict[Name, Problem] = {}
        self.newest: dict[Name, Newest] = {}
        """Of a kind that has a status."""

    def get(self, name: Name) -> Object | None:
        """Return one object."""
        return self._objects.get(name)

    def known(self, found: Object) -> Object:
        """Return the object that is held if it says the same as this one."""
        status = getattr(found, "status", None)
        if status is not None:
            before = self.newest.get(found.name)
            self.newest[found.name] = Newest(found.metadata.resource_version, status)
            if before is None or before.status != status:
                self._status_changed(found.name)
        held = self._objects.get(found.name)
        return held if held is not None and says_the_same(held, found) else found

    def put(self, found: Object) -> None:
        """Hold this, in place of what had its name."""
        name = found.name
        if self.problems.pop(name, None):
            self._touch()
        found = self.known(found)
        held = self._objects.get(name)
        if found is not held:
            self._objects[name] = found
            self._replaced(held, found)
            self._touch()

    def keep(self, unread: Broken) -> None:
        """Go on holding what the same object said before, and say that it cannot be read."""
        name = unread.ref.name
        held = self._objects.get(name)
        if held is not None and held.metadata.uid != unread.uid:
            self.remove(name)
        if self.problems.get(name) != unread.problem:
            self.problems[name] = unread.problem
            self._touch()

    def remove(self, name: Name) -> None:
        """Hold nothing of this name."""
        self.newest.pop(name, None)
        held = self._objects.pop(name, None)
        if held is not None:
            self._replaced(held, None)
        if self.problems.pop(name, None) or held is not None:
            self._touch()

    def view(self) -> Mapping[Name, Any]:
        """Return what is held now, as something that never changes."""
        if self._view is None:
            self._view = MappingProxyType(self._copy())
        return self._view

    def _copy(self) -> dict[Name, Any]:
        return dict(self._objects)

    def _replaced(self, old: Object | None, new: Object | None) -> None:
        """Keep an index; nothing to do here."""

    def _touch(self) -> None:
        self._view = None
        self._changed()


class SliceTable(Table[EndpointSlice]):
    """EndpointSlices, seen by the Service whose endpoints they hold."""

    def __init__(self, changed: Callable[[], None], status_changed: Callable[[Name], None]) -> None:
        super().__init__(changed, status_changed)
        self._by_service: dict[Name, tuple[EndpointSlice, ...]] = {}

    def _copy(self) -> dict[Name, Any]:
        return dict(self._by_service)

    def _replaced(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        if old is not None:
            rest = tuple(s for s in self._by_service.get(old.service, ()) if s.name != old.name)
            if rest:
                self._by_service[old.service] = rest
            else:
                self._by_service.pop(old.service, None)
        if new is not None and new.service.name:
            others = self._by_service.get(new.service, ())
            self._by_service[new.service] = tuple(sorted((*others, new), key=lambda s: s.name))


_KINDS = (
    Kind.INGRESS,
    Kind.INGRESS_CLASS,
    Kind.SERVICE,
    Kind.ENDPOINT_SLICE,
    Kind.SECRET,
    Kind.CONFIG_MAP,
)


class Store:
    """All that was read."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self.changed = asyncio.Event()
        """Set while there is something that the last snapshot taken has not."""
        self._restated: set[ObjectRef] = set()
        self._status_changed = asyncio.Event()
        self._touched = asyncio.Event()
        self.tables: dict[Kind, Table[Any]] = {
            kind: (SliceTable if kind is Kind.ENDPOINT_SLICE else Table)(
                self._touch, partial(self._restate, kind)
            )
            for kind in _KINDS
        }

    def take(self) -> Snapshot:
        """Return everything as it is now; the next change is one from here."""
        self.changed.clear()
        return self.look()

    def look(self) -> Snapshot:
        """Return everything as it is now."""
        if self._snapshot is None:
            view = {kind: table.view() for kind, table in self.tables.items()}
            self._snapshot = Snapshot(
                ingresses=view[Kind.INGRESS],
                ingress_classes=view[Kind.INGRESS_CLASS],
                services=view[Kind.SERVICE],
                endpoint_slices=view[Kind.ENDPOINT_SLICE],
                secrets=view[Kind.SECRET],
                config_maps=view[Kind.CONFIG_MAP],
                problems=self._problems(),
            )
        return self._snapshot

    async def touched(self) -> None:
        """Return once something has changed since this returned last; for one who waits."""
        await self._touched.wait()
        self._touched.clear()

    async def restated(self) -> set[ObjectRef]:
        """Return what has another status than when this returned last; for one who waits."""
        await self._status_changed.wait()
        self._status_changed.clear()
        restated, self._restated = self._restated, set()
        return restated

    def _restate(self, kind: Kind, name: Name) -> None:
        self._restated.add(ObjectRef(kind, name))
        self._status_changed.set()

    def _problems(self) -> Problems:
        tables = self.tables.values()
        return tuple(sorted(problem for table in tables for problem in table.problems.values()))

    def _touch(self) -> None:
        self._snapshot = None
        self._touched.set()
        self.changed.set()
