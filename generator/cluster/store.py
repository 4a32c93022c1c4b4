"""Holds what was read last, and makes snapshots of it.

An object that is equivalent to the one held before stays the same Python object,
through updates and relists: translation is memoised on identity. Fields that no
configuration depends on (resourceVersion, managed fields, the status) make no new
snapshot; the current status is held separately, for the status writer.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, NamedTuple

from msgspec import structs

from generator.cluster.resources import UndecodedObject
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


def is_equivalent(one: Object, other: Object) -> bool:
    """Whether two objects differ only in fields that no configuration depends on."""
    return all(
        getattr(one.metadata, name) == getattr(other.metadata, name) for name in _METADATA
    ) and all(
        getattr(one, name) == getattr(other, name)
        for name in one.__struct_fields__
        if name not in ("metadata", "status")
    )


class VersionedStatus(NamedTuple):
    """A status, and the resourceVersion it was read at."""

    resource_version: str
    status: LoadBalancerStatus


class Table(Generic[Object]):
    """The objects of one kind."""

    def __init__(
        self, on_change: Callable[[], None], on_status_change: Callable[[Name], None]
    ) -> None:
        self._on_change = on_change
        self._on_status_change = on_status_change
        self._objects: dict[Name, Object] = {}
        self._view: Mapping[Name, Any] | None = None
        self.problems: dict[Name, Problem] = {}
        self.statuses: dict[Name, VersionedStatus] = {}
        """The current ones; empty for a kind without a status."""

    def get(self, name: Name) -> Object | None:
        """Return one object."""
        return self._objects.get(name)

    def interned(self, found: Object) -> Object:
        """Return the object held under the same name if it is equivalent, else this one."""
        held = self._objects.get(found.name)
        return held if held is not None and is_equivalent(held, found) else found

    def note_status(self, found: Object) -> None:
        """Record the status of an object just read from the apiserver."""
        status = getattr(found, "status", None)
        if status is None:
            return
        before = self.statuses.get(found.name)
        self.statuses[found.name] = VersionedStatus(found.metadata.resource_version, status)
        if before is None or before.status != status:
            self._on_status_change(found.name)

    def put(self, found: Object) -> None:
        """Hold an object in place of the one that had its name, and record its status.

        An object that `interned` returned is older than the status recorded with it.
        """
        name = found.name
        if self.problems.pop(name, None):
            self._touch()
        held = self._objects.get(name)
        if found is not held:
            self.note_status(found)
            found = self.interned(found)
        if found is not held:
            self._objects[name] = found
            self._replaced(held, found)
            self._touch()

    def keep(self, undecoded: UndecodedObject) -> None:
        """Keep the version held before, and record why the current one cannot be decoded."""
        name = undecoded.ref.name
        held = self._objects.get(name)
        if held is not None and held.metadata.uid != undecoded.uid:
            self.remove(name)
        if self.problems.get(name) != undecoded.problem:
            self.problems[name] = undecoded.problem
            self._touch()

    def remove(self, name: Name) -> None:
        """Drop the object of this name."""
        self.statuses.pop(name, None)
        held = self._objects.pop(name, None)
        if held is not None:
            self._replaced(held, None)
        if self.problems.pop(name, None) or held is not None:
            self._touch()

    def view(self) -> Mapping[Name, Any]:
        """Return an immutable view of what is held now."""
        if self._view is None:
            self._view = MappingProxyType(self._copy())
        return self._view

    def _copy(self) -> dict[Name, Any]:
        return dict(self._objects)

    def _replaced(self, old: Object | None, new: Object | None) -> None:
        """Update an index; a plain table has none."""

    def _touch(self) -> None:
        self._view = None
        self._on_change()


class SliceTable(Table[EndpointSlice]):
    """EndpointSlices; its view groups them by Service."""

    def __init__(
        self, on_change: Callable[[], None], on_status_change: Callable[[Name], None]
    ) -> None:
        super().__init__(on_change, on_status_change)
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
    """A table for each kind, and the snapshot of all of them."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self.changed = asyncio.Event()
        """Set while the last snapshot taken is out of date."""
        self._changed_statuses: set[ObjectRef] | None = None
        """None until somebody asks: whoever asks first is told all there are."""
        self._status_changed = asyncio.Event()
        self._touched = asyncio.Event()
        self.tables: dict[Kind, Table[Any]] = {
            kind: (SliceTable if kind is Kind.ENDPOINT_SLICE else Table)(
                self._touch, partial(self._note_status_change, kind)
            )
            for kind in _KINDS
        }

    def take(self) -> Snapshot:
        """Return the current snapshot, and clear `changed`."""
        self.changed.clear()
        return self.peek()

    def peek(self) -> Snapshot:
        """Return the current snapshot."""
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

    async def wait_until_touched(self) -> None:
        """Wait for a change since this returned last; supports one waiter."""
        await self._touched.wait()
        self._touched.clear()

    async def wait_for_changed_statuses(self) -> set[ObjectRef]:
        """Wait for statuses that differ since this returned last; supports one waiter."""
        await self._status_changed.wait()
        self._status_changed.clear()
        changed, self._changed_statuses = self._changed_statuses, set()
        return self._all_statuses() if changed is None else changed

    def _all_statuses(self) -> set[ObjectRef]:
        return {ObjectRef(kind, name) for kind, t in self.tables.items() for name in t.statuses}

    def _note_status_change(self, kind: Kind, name: Name) -> None:
        if self._changed_statuses is not None:
            self._changed_statuses.add(ObjectRef(kind, name))
        self._status_changed.set()

    def _problems(self) -> Problems:
        tables = self.tables.values()
        return tuple(sorted(problem for table in tables for problem in table.problems.values()))

    def _touch(self) -> None:
        self._snapshot = None
        self._touched.set()
        self.changed.set()
