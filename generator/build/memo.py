"""Remembers what was built from what, so that a change costs one Ingress, not all.

A computation reads its objects through `Reads`, which keeps note. Its result holds
while its inputs are equal and none of the objects that it read is another than in the
last build: those that did not change keep their identity from snapshot to snapshot.
What changed is found once a build, not once a result.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct

from generator.model import Upstream
from generator.objects import ConfigMap, EndpointSlice, Kind, Name, ObjectRef, Secret, Service
from generator.snapshot import Snapshot

T = TypeVar("T")


class Reads:
    """A snapshot that notes which objects were looked up."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.noted: set[ObjectRef] = set()

    def service(self, name: Name) -> Service | None:
        """Look up a Service."""
        self.noted.add(ObjectRef(Kind.SERVICE, name))
        return self._snapshot.services.get(name)

    def endpoint_slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Look up the EndpointSlices of a Service."""
        self.noted.add(ObjectRef(Kind.ENDPOINT_SLICE, service))
        return self._snapshot.endpoint_slices.get(service, ())

    def secret(self, name: Name) -> Secret | None:
        """Look up a Secret."""
        self.noted.add(ObjectRef(Kind.SECRET, name))
        return self._snapshot.secrets.get(name)

    def config_map(self, name: Name) -> ConfigMap | None:
        """Look up a ConfigMap."""
        self.noted.add(ObjectRef(Kind.CONFIG_MAP, name))
        return self._snapshot.config_maps.get(name)


class _Result(Struct):
    inputs: tuple[object, ...]
    reads: set[ObjectRef]
    value: Any


class Memo:
    """Results of the last build, for the next one to take over."""

    def __init__(self) -> None:
        self._last_snapshot = self._snapshot = Snapshot()
        self._changed: set[ObjectRef] = set()
        self._last: dict[Hashable, _Result] = {}
        self._next: dict[Hashable, _Result] = {}
        self._upstreams: Mapping[str, Upstream] = {}

    def begin(self, snapshot: Snapshot) -> None:
        """Begin a build: find out what is not as it was."""
        self._snapshot = snapshot
        self._changed = set(_changes(self._last_snapshot, snapshot))
        self._next = {}

    def recall(self, key: Hashable, inputs: tuple[object, ...], compute: Callable[[Reads], T]) -> T:
        """Give the last result for `key` if its inputs and reads are the same, else a new one."""
        known = self._last.get(key)
        # Tuples of the very same objects compare equal at once.
        if known and known.inputs == inputs and self._changed.isdisjoint(known.reads):
            known.inputs = inputs
        else:
            reads = Reads(self._snapshot)
            known = _Result(inputs, reads.noted, compute(reads))
        self._next[key] = known
        return cast("T", known.value)

    def same_upstreams(self, upstreams: Iterable[Upstream]) -> tuple[Upstream, ...]:
        """Give each once, in order of names; one that equals its last version is that object."""
        now = {upstream.name: upstream for upstream in upstreams}
        for name, upstream in now.items():
            last = self._upstreams.get(name)
            if last is not None and last == upstream:
                now[name] = last
        self._upstreams = now
        return tuple(now[name] for name in sorted(now))

    def finish(self) -> None:
        """End a build: forget what it did not use."""
        self._last, self._next = self._next, {}
        self._last_snapshot = self._snapshot


def _changes(before: Snapshot, now: Snapshot) -> Iterator[ObjectRef]:
    """Name the objects that computations may have read and that are others now."""
    tables: tuple[tuple[Kind, Mapping[Name, object], Mapping[Name, object]], ...] = (
        (Kind.SERVICE, before.services, now.services),
        (Kind.ENDPOINT_SLICE, before.endpoint_slices, now.endpoint_slices),
        (Kind.SECRET, before.secrets, now.secrets),
        (Kind.CONFIG_MAP, before.config_maps, now.config_maps),
    )
    for kind, old, new in tables:
        if old is new:
            continue
        yield from (ObjectRef(kind, n) for n, found in new.items() if old.get(n) is not found)
        yield from (ObjectRef(kind, n) for n in old if n not in new)
