"""Which Ingresses nginx refuses, and what is served in their place. Pure.

Held Ingresses are known to be refused. Suspended ones are suspects: nginx's message
identified none, and they are what it does not serve yet. `bisection.py` finds the
culprits among them. An edit of an Ingress releases it.
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


class Fallback(StrEnum):
    """What is served in the place of a refused Ingress; the mildest first."""

    LAST_GOOD = "its last good version is served"
    UNAVAILABLE = "its paths answer 503"
    LEFT_OUT = "it is left out"


class HoldReason(Struct, frozen=True):
    """Why an Ingress is not served as it asks."""

    message: str
    """As nginx, or Pillion, words it."""
    code: Code = Code.REFUSED_BY_NGINX


class Hold(Struct, frozen=True, kw_only=True):
    """One Ingress that is held or suspended."""

    refused: Ingress
    fallback: Fallback
    good: Ingress | None = None
    """The last version that nginx accepted, if there was one."""
    reason: HoldReason
    is_retried: bool = False
    """Whether a suspect was held before, and is tried again without an edit."""


Group = tuple[Name, ...]
_NONE: Mapping[Name, Hold] = MappingProxyType({})


class Quarantine(Struct, frozen=True, kw_only=True):
    """All Ingresses that are not served as they ask."""

    held: Mapping[Name, Hold] = _NONE
    suspended: Mapping[Name, Hold] = _NONE
    groups: tuple[Group, ...] = ()
    """Groups of suspended Ingresses that have still to be tried."""
    trying: Group = ()
    """Suspended Ingresses that are on trial now."""
    alone: bool = False
    """Whether those on trial are only checked, with no other Ingress beside them."""
    cleared: Group = ()
    """Suspended Ingresses that nginx takes where they are alone."""
    together: bool = False
    """Whether nginx refused what it had taken alone, so that the search goes on by serving."""
    files: Mapping[str, str] = MappingProxyType({})
    """The message of nginx for each certificate that it refuses, by the hash of its file."""
    judged_by: str = ""
    """A digest of the nginx, templates and options by which all this was found."""
    retried_at: float = 0.0
    """When all of it was tried again, or first found; in seconds since the epoch."""

    @property
    def searching(self) -> bool:
        """Whether suspects have still to be tried."""
        return bool(self.groups or self.trying or self.cleared)

    @property
    def has_convicted(self) -> bool:
        """Whether anything is held, or a certificate refused."""
        return bool(self.held or self.files)

    @property
    def seeks_newcomers(self) -> bool:
        """Whether some are suspended that nobody has convicted: what is served lacks them."""
        lacking = (hold for name, hold in self.suspended.items() if name not in self.trying)
        return any(not hold.is_retried for hold in lacking)

    def replaced(self) -> Mapping[Name, Hold]:
        """Return all Ingresses in whose place something else is served."""
        suspended = {n: h for n, h in self.suspended.items() if n not in self.trying}
        return {**suspended, **self.held}

    def problems(self) -> tuple[Problem, ...]:
        """Return the problem of each held Ingress. Suspects have none, unless tried again."""
        retried = {name: hold for name, hold in self.suspended.items() if hold.is_retried}
        return tuple(_problem(hold) for _, hold in sorted({**retried, **self.held}.items()))

    def without(self, names: frozenset[Name]) -> "Quarantine":
        """Release these, and forget all about them."""
        groups = (tuple(n for n in group if n not in names) for group in self.groups)
        return replace(
            self,
            held={n: h for n, h in self.held.items() if n not in names},
            suspended={n: h for n, h in self.suspended.items() if n not in names},
            groups=tuple(filter(None, groups)),
            trying=tuple(n for n in self.trying if n not in names),
            cleared=tuple(n for n in self.cleared if n not in names),
        )

    def with_file(self, digest: str, message: str) -> "Quarantine":
        """Remember that nginx refuses this certificate, and forget the oldest of very many."""
        kept = list(self.files.items())[1 - _MOST_FILES :]
        return replace(self, files={**dict(kept), digest: message})


class _StoredQuarantine(Struct, frozen=True):
    """A quarantine as it is written to the volume."""

    held: tuple[Hold, ...] = ()
    suspended: tuple[Hold, ...] = ()
    groups: tuple[Group, ...] = ()
    files: dict[str, str] = {}
    judged_by: str = ""
    retried_at: float = 0.0


def encode(quarantine: Quarantine) -> bytes:
    """Encode a quarantine for the next process, which repeats the trial that is under way.

    Holds for bugs of Pillion are left out: the next process may be one without them.
    """
    return msgspec.json.encode(
        _StoredQuarantine(
            tuple(h for h in quarantine.held.values() if h.reason.code is Code.REFUSED_BY_NGINX),
            tuple(quarantine.suspended.values()),
            tuple(filter(None, (quarantine.trying, *quarantine.groups, quarantine.cleared))),
            dict(quarantine.files),
            quarantine.judged_by,
            quarantine.retried_at,
        )
    )


def decode(text: bytes) -> Quarantine:
    """Decode what `encode` wrote; return an empty quarantine for anything else."""
    try:
        remembered = msgspec.json.decode(text, type=_StoredQuarantine)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Quarantine()
    return Quarantine(
        held={held.refused.name: held for held in remembered.held},
        suspended={held.refused.name: held for held in remembered.suspended},
        groups=remembered.groups,
        files=remembered.files,
        judged_by=remembered.judged_by,
        retried_at=remembered.retried_at,
    )


class Substitution(Struct, frozen=True):
    """A snapshot with what is served in the place of each held Ingress."""

    snapshot: Snapshot
    unavailable: frozenset[Name]
    """Ingresses whose paths answer 503."""


def asks_the_same(one: Ingress, other: Ingress) -> bool:
    """Whether two versions of an Ingress ask for the same; status and the like do not count."""
    return one is other or (
        one.spec == other.spec
        and one.metadata.annotations == other.metadata.annotations
        and one.metadata.uid == other.metadata.uid
    )


def without_changed(quarantine: Quarantine, snapshot: Snapshot) -> Quarantine:
    """Release Ingresses that were edited or deleted."""

    def is_over(name: Name, held: Hold) -> bool:
        now = snapshot.ingresses.get(name)
        return now is None or not asks_the_same(now, held.refused)

    holds = {**quarantine.suspended, **quarantine.held}
    over = frozenset(name for name, held in holds.items() if is_over(name, held))
    return quarantine.without(over) if over else quarantine


def substitute(snapshot: Snapshot, quarantine: Quarantine) -> Substitution:
    """Put in the place of each held Ingress what is served for it."""
    if quarantine.alone:
        found = {n: i for n in quarantine.trying if (i := snapshot.ingresses.get(n)) is not None}
        return Substitution(replace(snapshot, ingresses=found), frozenset())
    replacements = quarantine.replaced()
    if not replacements:
        return Substitution(snapshot, frozenset())
    ingresses = dict(snapshot.ingresses)
    for name, held in replacements.items():
        if name not in ingresses:
            continue
        if held.fallback is Fallback.LAST_GOOD and held.good is not None:
            ingresses[name] = held.good
        elif held.fallback is Fallback.LEFT_OUT:
            del ingresses[name]
    unavailable = frozenset(
        n for n, h in replacements.items() if h.fallback is Fallback.UNAVAILABLE
    )
    return Substitution(replace(snapshot, ingresses=ingresses), unavailable)


def _problem(held: Hold) -> Problem:
    reason = held.reason
    if reason.code is Code.INTERNAL_ERROR:
        message = f"Pillion cannot write the configuration of this Ingress: {reason.message}"
        way_out = "Please report this."
    else:
        message = f"nginx refuses what this Ingress asks for: {reason.message}"
        way_out = "Change it; the next edit is tried."
    return problems.error(
        held.refused.ref, "", reason.code, message, way_out, meanwhile=held.fallback
    )
