"""Which Ingresses nginx refuses, and what is served in their place. Pure.

Hold are those that the harm is known of. Suspended are those that are only suspected:
nginx's message led nowhere, and they are what it does not serve yet. `search.py` finds
out which of them do the harm. An edit of an Ingress sets it free.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.objects import Ingress, Name
from generator.problems import Code, Problem
from generator.snapshot import Snapshot

_MOST_FILES = 1000


class Measure(StrEnum):
    """What is served in the place of a refused Ingress; each is milder than the next."""

    LAST_GOOD = "its last good version is served"
    UNAVAILABLE = "its paths answer 503"
    LEFT_OUT = "it is left out"


class Reason(Struct, frozen=True):
    """Why an Ingress is not served as it asks."""

    message: str
    """In nginx's words, or ours."""
    code: Code = Code.REFUSED_BY_NGINX


class Hold(Struct, frozen=True, kw_only=True):
    """One Ingress that is held or suspended."""

    refused: Ingress
    measure: Measure
    good: Ingress | None = None
    """The version that nginx took before, if there was one."""
    reason: Reason


Group = tuple[Name, ...]
_NOBODY: Mapping[Name, Hold] = MappingProxyType({})


class Quarantine(Struct, frozen=True, kw_only=True):
    """All that are not served as they ask."""

    held: Mapping[Name, Hold] = _NOBODY
    suspended: Mapping[Name, Hold] = _NOBODY
    groups: tuple[Group, ...] = ()
    """Of suspended ones that have still to be let go for a try."""
    trying: Group = ()
    """Suspended ones that have been let go and are on trial now."""
    files: Mapping[str, str] = MappingProxyType({})
    """Certificates that nginx refuses, by their hash, with its words."""

    @property
    def searching(self) -> bool:
        """Whether somebody has still to be tried."""
        return bool(self.groups or self.trying)

    def replaced(self) -> Mapping[Name, Hold]:
        """Return all in whose place something else is served."""
        suspended = {n: h for n, h in self.suspended.items() if n not in self.trying}
        return {**suspended, **self.held}

    def problems(self) -> tuple[Problem, ...]:
        """Say of each held Ingress why, and what holds meanwhile. Suspects are told nothing."""
        return tuple(_problem(held) for _, held in sorted(self.held.items()))

    def without(self, names: frozenset[Name]) -> "Quarantine":
        """Let these go, and forget all about them."""
        groups = (tuple(n for n in group if n not in names) for group in self.groups)
        return replace(
            self,
            held={n: h for n, h in self.held.items() if n not in names},
            suspended={n: h for n, h in self.suspended.items() if n not in names},
            groups=tuple(filter(None, groups)),
            trying=tuple(n for n in self.trying if n not in names),
        )

    def with_file(self, digest: str, message: str) -> "Quarantine":
        """Remember that nginx refuses this certificate, and forget the oldest of very many."""
        kept = list(self.files.items())[1 - _MOST_FILES :]
        return replace(self, files={**dict(kept), digest: message})


class _Remembered(Struct, frozen=True):
    held: tuple[Hold, ...] = ()
    suspended: tuple[Hold, ...] = ()
    groups: tuple[Group, ...] = ()
    files: dict[str, str] = {}


def encode(quarantine: Quarantine) -> bytes:
    """Write a quarantine down for the next process; who is on trial has to be tried again.

    Bugs of ours are left out: the next process may be one without them.
    """
    return msgspec.json.encode(
        _Remembered(
            tuple(h for h in quarantine.held.values() if h.reason.code is Code.REFUSED_BY_NGINX),
            tuple(quarantine.suspended.values()),
            ((quarantine.trying,) if quarantine.trying else ()) + quarantine.groups,
            dict(quarantine.files),
        )
    )


def decode(text: bytes) -> Quarantine:
    """Read what `encode` wrote; an empty quarantine where it is anything else."""
    try:
        remembered = msgspec.json.decode(text, type=_Remembered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Quarantine()
    return Quarantine(
        held={held.refused.name: held for held in remembered.held},
        suspended={held.refused.name: held for held in remembered.suspended},
        groups=remembered.groups,
        files=remembered.files,
    )


class Substitution(Struct, frozen=True):
    """A snapshot in which no Ingress is held any more."""

    snapshot: Snapshot
    unavailable: frozenset[Name]
    """Those whose paths answer 503."""


def asks_the_same(one: Ingress, other: Ingress) -> bool:
    """Whether two versions of an Ingress ask for the same; status and the like do not count."""
    return one is other or (
        one.spec == other.spec
        and one.metadata.annotations == other.metadata.annotations
        and one.metadata.uid == other.metadata.uid
    )


def released(quarantine: Quarantine, snapshot: Snapshot) -> Quarantine:
    """Let go whoever was edited or deleted."""

    def is_over(name: Name, held: Hold) -> bool:
        now = snapshot.ingresses.get(name)
        return now is None or not asks_the_same(now, held.refused)

    everyone = {**quarantine.suspended, **quarantine.held}
    over = frozenset(name for name, held in everyone.items() if is_over(name, held))
    return quarantine.without(over) if over else quarantine


def substitute(snapshot: Snapshot, quarantine: Quarantine) -> Substitution:
    """Put in the place of each held Ingress what is served for it."""
    everyone = quarantine.replaced()
    if not everyone:
        return Substitution(snapshot, frozenset())
    ingresses = dict(snapshot.ingresses)
    for name, held in everyone.items():
        if name not in ingresses:
            continue
        if held.measure is Measure.LAST_GOOD and held.good is not None:
            ingresses[name] = held.good
        elif held.measure is Measure.LEFT_OUT:
            del ingresses[name]
    unavailable = frozenset(n for n, h in everyone.items() if h.measure is Measure.UNAVAILABLE)
    return Substitution(replace(snapshot, ingresses=ingresses), unavailable)


def _problem(held: Hold) -> Problem:
    reason = held.reason
    if reason.code is Code.INTERNAL_ERROR:
        message = f"Pillion cannot write down what this Ingress asks for: {reason.message}"
        way_out = "Please report this."
    else:
        message = f"nginx refuses what this Ingress asks for: {reason.message}"
        way_out = "Change it; the next edit is tried."
    return problems.error(
        held.refused.ref, "", reason.code, message, way_out, meanwhile=held.measure
    )
