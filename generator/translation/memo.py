"""Remembers what was built from what, so that a change costs one Ingress, not all.

A computation reads its objects through `Reads`, which keeps note. Its result holds
while its inputs are equal and none of the objects that it read is another than in the
last translation: those that did not change keep their identity from snapshot to snapshot.
What changed is found once a translation, not once a result.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from msgspec import Struct

from generator.model import Certificate, Upstream
from generator.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    Kind,
    Name,
    ObjectRef,
    Secret,
    Service,
)
from generator.snapshot import Snapshot
from generator.translation.last_good import LastGood

T = TypeVar("T")
Table = Mapping[Any, object]
_VERSION, _CERTIFICATE, _REFUSAL = "version", "certificate", "refusal"


class Reads:
    """A snapshot, and what is known, that note which objects were looked up."""

    def __init__(self, snapshot: Snapshot, known: LastGood) -> None:
        self._snapshot = snapshot
        self._known = known
        self.noted: set[Hashable] = set()
        self._computed: dict[Hashable, Any] = {}

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what was computed for `key` before in this computation, else compute it."""
        if key not in self._computed:
            self._computed[key] = compute()
        return cast("T", self._computed[key])

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

    def good_version(self, ingress: Name) -> Ingress | None:
        """Look up the version of an Ingress that nginx took last."""
        self.noted.add((_VERSION, ingress))
        return self._known.ingresses.get(ingress)

    def good_certificate(self, secret: Name) -> Certificate | None:
        """Look up the certificate of a Secret that nginx took last."""
        self.noted.add((_CERTIFICATE, secret))
        return self._known.certificates.get(secret)

    def refusal(self, certificate: Certificate) -> str:
        """Look up why nginx refuses a certificate; empty where it does not."""
        self.noted.add((_REFUSAL, certificate.file.digest))
        return self._known.refused_files.get(certificate.file.digest, "")


class _Result(Struct):
    inputs: tuple[object, ...]
    reads: set[Hashable]
    value: Any


class Memo:
    """Results of the last translation, for the next one to take over."""

    def __init__(self) -> None:
        self._last_snapshot = self._snapshot = Snapshot()
        self._last_known = self._known = LastGood()
        self._changed: set[Hashable] = set()
        self._last: dict[Hashable, _Result] = {}
        self._next: dict[Hashable, _Result] = {}
        self._upstreams: Mapping[str, Upstream] = {}
        self._whole: tuple[tuple[object, ...], Any] | None = None

    @contextmanager
    def comparing(
        self, snapshot: Snapshot, last_good: LastGood, *, keep: bool = False
    ) -> Iterator[None]:
        """Recall, inside the block, what still holds for this snapshot; forget the rest after.

        With `keep`, what is not asked for and still holds stays: a part of a larger snapshot is
        looked at, which will be looked at again.
        """
        self._snapshot, self._known = snapshot, last_good
        self._changed = set(_changes(self._last_snapshot, snapshot))
        self._changed.update(_forgotten(self._last_known, last_good))
        self._next = {}
        yield
        if keep:
            self._next = {**self._unasked(), **self._next}
        self._last, self._next = self._next, {}
        self._last_snapshot, self._last_known = self._snapshot, self._known

    def _unasked(self) -> dict[Hashable, _Result]:
        """Return the results that nobody asked for and that still hold."""
        return {
            key: result
            for key, result in self._last.items()
            if key not in self._next and self._changed.isdisjoint(result.reads)
        }

    def recall(self, key: Hashable, inputs: tuple[object, ...], compute: Callable[[Reads], T]) -> T:
        """Return the last result for `key` if its inputs and reads are the same, else a new one."""
        known = self._last.get(key)
        # Tuples of the very same objects compare equal at once.
        if known and known.inputs == inputs and self._changed.isdisjoint(known.reads):
            known.inputs = inputs
        else:
            reads = Reads(self._snapshot, self._known)
            known = _Result(inputs, reads.noted, compute(reads))
        self._next[key] = known
        return cast("T", known.value)

    def recall_whole(self, inputs: tuple[object, ...], compute: Callable[[], T]) -> T:
        """Return the last result of all if nothing is new that any computation asks for.

        Most changes of a cluster are of objects that no Ingress names.
        """
        if self._whole and self._whole[0] == inputs and self._nothing_is_new():
            self._next = self._last
        else:
            self._whole = None
            self._whole = (inputs, compute())
        return cast("T", self._whole[1])

    def _nothing_is_new(self) -> bool:
        before, now = self._last_snapshot, self._snapshot
        tables: tuple[tuple[Table, Table], ...] = (
            (before.ingresses, now.ingresses),
            (before.ingress_classes, now.ingress_classes),
        )
        return not any(_is_other(old, new) for old, new in tables) and all(
            self._changed.isdisjoint(result.reads) for result in self._last.values()
        )

    def same_upstreams(self, upstreams: Iterable[Upstream]) -> tuple[Upstream, ...]:
        """Return each once, in order of names; one that equals its last version is that object."""
        now = {upstream.name: upstream for upstream in upstreams}
        for name, upstream in now.items():
            last = self._upstreams.get(name)
            if last is not None and last == upstream:
                now[name] = last
        self._upstreams = now
        return tuple(now[name] for name in sorted(now))


def _changes(before: Snapshot, now: Snapshot) -> Iterator[Hashable]:
    """Name the objects that computations may have read and that are others now."""
    tables: tuple[tuple[Kind, Table, Table], ...] = (
        (Kind.SERVICE, before.services, now.services),
        (Kind.ENDPOINT_SLICE, before.endpoint_slices, now.endpoint_slices),
        (Kind.SECRET, before.secrets, now.secrets),
        (Kind.CONFIG_MAP, before.config_maps, now.config_maps),
    )
    for kind, old, new in tables:
        yield from (ObjectRef(kind, name) for name in _differing(old, new))


def _forgotten(before: LastGood, now: LastGood) -> Iterator[Hashable]:
    """Name what is known and was not, or the other way round."""
    tables: tuple[tuple[str, Table, Table], ...] = (
        (_VERSION, before.ingresses, now.ingresses),
        (_CERTIFICATE, before.certificates, now.certificates),
        (_REFUSAL, before.refused_files, now.refused_files),
    )
    for table, old, new in tables:
        yield from ((table, key) for key in _differing(old, new))


def _differing(old: Table, new: Table) -> Iterator[Any]:
    if old is not new:
        yield from (key for key, found in new.items() if old.get(key) is not found)
        yield from (key for key in old if key not in new)


def _is_other(old: Table, new: Table) -> bool:
    return next(_differing(old, new), None) is not None
