"""Remembers what was built from what, so that a change costs one Ingress, not all.

A computation reads its objects through `Reads`, which keeps note. Its result holds
as long as each of those reads gives the very same object: objects that did not
change keep their identity from snapshot to snapshot.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from generator.model import Upstream
from generator.objects import ConfigMap, EndpointSlice, Name, Secret, Service
from generator.snapshot import Snapshot

T = TypeVar("T")


class Reads:
    """A snapshot that notes which objects were looked up."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.noted: list[tuple[str, Name, object]] = []

    def service(self, name: Name) -> Service | None:
        """Look up a Service."""
        return cast("Service | None", self._read("services", name))

    def endpoint_slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Look up the EndpointSlices of a Service."""
        return cast("tuple[EndpointSlice, ...]", self._read("endpoint_slices", service) or ())

    def secret(self, name: Name) -> Secret | None:
        """Look up a Secret."""
        return cast("Secret | None", self._read("secrets", name))

    def config_map(self, name: Name) -> ConfigMap | None:
        """Look up a ConfigMap."""
        return cast("ConfigMap | None", self._read("config_maps", name))

    def _read(self, table: str, name: Name) -> object:
        found = getattr(self._snapshot, table).get(name)
        self.noted.append((table, name, found))
        return found


class Memo:
    """Results of the last build, for the next one to take over."""

    def __init__(self) -> None:
        self._last: dict[Hashable, tuple[tuple[object, ...], list[Any], object]] = {}
        self._next: dict[Hashable, tuple[tuple[object, ...], list[Any], object]] = {}
        self._upstreams: dict[str, Upstream] = {}

    def recall(
        self,
        key: Hashable,
        inputs: tuple[object, ...],
        snapshot: Snapshot,
        compute: Callable[[Reads], T],
    ) -> T:
        """Give the last result for `key` if its inputs and reads are the same, else a new one."""
        known = self._last.get(key)
        if known is None or not (_same(known[0], inputs) and _unchanged(known[1], snapshot)):
            reads = Reads(snapshot)
            result = compute(reads)
            known = (inputs, reads.noted, result)
        self._next[key] = known
        return cast("T", known[2])

    def same_upstreams(self, upstreams: dict[str, Upstream]) -> dict[str, Upstream]:
        """Replace each upstream that equals its last version by that very object."""
        kept = {
            name: last if (last := self._upstreams.get(name)) == upstream and last else upstream
            for name, upstream in upstreams.items()
        }
        self._upstreams = kept
        return kept

    def finish(self) -> None:
        """End a build: forget what it did not use."""
        self._last, self._next = self._next, {}


def _same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))


def _unchanged(noted: list[tuple[str, Name, object]], snapshot: Snapshot) -> bool:
    return all(getattr(snapshot, table).get(name) is found for table, name, found in noted)
