"""Which Ingresses nginx refuses, and what is served in their place. Pure.

Where nginx's message leads to one Ingress, that one is held. Where it leads to none,
all that changed since the last good configuration are suspended, then let go again in
halves, until those remain that do the harm. An edit of an Ingress sets it free.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from generator.objects import Ingress, Name
from generator.problems import Code, Problem, Severity
from generator.snapshot import Snapshot


class Measure(StrEnum):
    """What is served in the place of a refused Ingress; each is milder than the next."""

    LAST_GOOD = "its last good version is served"
    UNAVAILABLE = "its paths answer 503"
    LEFT_OUT = "it is left out"


class Held(Struct, frozen=True, kw_only=True):
    """One Ingress that is held."""

    refused: Ingress
    measure: Measure
    good: Ingress | None = None
    """The version that nginx took before, if there was one."""
    message: str
    """Why, in nginx's words."""


class Quarantine(Struct, frozen=True, kw_only=True):
    """All that are held, and the search for those that should be."""

    held: Mapping[Name, Held] = MappingProxyType({})
    suspects: tuple[tuple[Name, ...], ...] = ()
    """Groups of held ones that have still to be let go for a try."""
    trying: Mapping[Name, Held] = MappingProxyType({})
    """Those that have been let go and are on trial now."""

    def problems(self) -> tuple[Problem, ...]:
        """Say of each held Ingress why, and what holds meanwhile."""
        return tuple(_problem(held) for _, held in sorted(self.held.items()))


class _Remembered(Struct, frozen=True):
    held: tuple[Held, ...] = ()
    suspects: tuple[tuple[Name, ...], ...] = ()


def encode(quarantine: Quarantine) -> bytes:
    """Write a quarantine down for the next process; who is on trial is a suspect again."""
    on_trial = tuple(quarantine.trying)
    return msgspec.json.encode(
        _Remembered(
            (*quarantine.held.values(), *quarantine.trying.values()),
            ((on_trial, *quarantine.suspects) if on_trial else quarantine.suspects),
        )
    )


def decode(text: bytes) -> Quarantine:
    """Read what `encode` wrote; an empty quarantine where it is anything else."""
    try:
        remembered = msgspec.json.decode(text, type=_Remembered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Quarantine()
    return Quarantine(
        held={held.refused.name: held for held in remembered.held}, suspects=remembered.suspects
    )


class Substituted(Struct, frozen=True):
    """A snapshot in which no Ingress is held any more."""

    snapshot: Snapshot
    unavailable: frozenset[Name]
    """Those whose paths answer 503."""


def asks_the_same(one: Ingress, other: Ingress) -> bool:
    """Whether two versions of an Ingress ask for the same; status and the like do not count."""
    return (
        one.spec == other.spec
        and one.metadata.annotations == other.metadata.annotations
        and one.metadata.uid == other.metadata.uid
    )


def released(quarantine: Quarantine, snapshot: Snapshot) -> Quarantine:
    """Let go whoever was edited or deleted."""

    def still(name: Name, held: Held) -> bool:
        now = snapshot.ingresses.get(name)
        return now is not None and asks_the_same(now, held.refused)

    kept = {n: h for n, h in quarantine.held.items() if still(n, h)}
    trying = {n: h for n, h in quarantine.trying.items() if still(n, h)}
    if len(kept) == len(quarantine.held) and len(trying) == len(quarantine.trying):
        return quarantine
    groups = (tuple(name for name in group if name in kept) for group in quarantine.suspects)
    return Quarantine(held=kept, suspects=tuple(filter(None, groups)), trying=trying)


def substitute(snapshot: Snapshot, quarantine: Quarantine) -> Substituted:
    """Put in the place of each held Ingress what is served for it."""
    if not quarantine.held:
        return Substituted(snapshot, frozenset())
    ingresses = dict(snapshot.ingresses)
    for name, held in quarantine.held.items():
        if held.measure is Measure.LAST_GOOD and held.good is not None:
            ingresses[name] = held.good
        elif held.measure is Measure.LEFT_OUT:
            del ingresses[name]
    unavailable = {n for n, h in quarantine.held.items() if h.measure is Measure.UNAVAILABLE}
    return Substituted(replace(snapshot, ingresses=ingresses), frozenset(unavailable))


def hold(
    quarantine: Quarantine, culprit: Ingress, good: Ingress | None, message: str
) -> Quarantine:
    """Hold an Ingress that nginx's message leads to; the next measure where it was held already."""
    name = culprit.name
    before = quarantine.held.get(name)
    held = Held(
        refused=before.refused if before else culprit,
        measure=_next_measure(before, good, culprit),
        good=before.good if before else good,
        message=message,
    )
    trying = {n: h for n, h in quarantine.trying.items() if n != name}
    return replace(quarantine, held={**quarantine.held, name: held}, trying=trying)


def suspend(
    quarantine: Quarantine,
    suspects: Iterable[Ingress],
    good: Mapping[Name, Ingress],
    message: str,
) -> Quarantine:
    """Hold all of these, for a search among them. Does nothing where all are held already."""
    fresh = {s.name: s for s in suspects if s.name not in quarantine.held}
    for suspect in fresh.values():
        quarantine = hold(quarantine, suspect, good.get(suspect.name), message)
    return replace(quarantine, suspects=(*quarantine.suspects, *_halves(tuple(fresh))))


def after_applied(quarantine: Quarantine) -> Quarantine:
    """Go on with the search: those on trial are innocent, the next group is tried."""
    if not quarantine.suspects:
        return replace(quarantine, trying={}) if quarantine.trying else quarantine
    group, *later = quarantine.suspects
    return Quarantine(
        held={n: h for n, h in quarantine.held.items() if n not in group},
        suspects=tuple(later),
        trying={n: quarantine.held[n] for n in group},
    )


def after_refused_trial(quarantine: Quarantine) -> Quarantine:
    """Take back those on trial: a single one is the culprit, of more each half is tried."""
    taken_back = tuple(quarantine.trying)
    return Quarantine(
        held={**quarantine.held, **quarantine.trying},
        suspects=(*_halves(taken_back), *quarantine.suspects)
        if len(taken_back) > 1
        else quarantine.suspects,
    )


def _halves(names: tuple[Name, ...]) -> tuple[tuple[Name, ...], ...]:
    middle = len(names) // 2
    return tuple(filter(None, (names[:middle], names[middle:])))


def _next_measure(before: Held | None, good: Ingress | None, culprit: Ingress) -> Measure:
    if before is None:
        usable = good is not None and not asks_the_same(good, culprit)
        return Measure.LAST_GOOD if usable else Measure.UNAVAILABLE
    return Measure.UNAVAILABLE if before.measure is Measure.LAST_GOOD else Measure.LEFT_OUT


def _problem(held: Held) -> Problem:
    return Problem(
        object=held.refused.ref,
        field="",
        code=Code.REFUSED_BY_NGINX,
        severity=Severity.ERROR,
        message=f"nginx refuses what this Ingress asks for: {held.message}",
        hint=f"Change it; the next edit is tried. Meanwhile: {held.measure}.",
    )
