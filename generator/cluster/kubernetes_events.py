"""Decides which Events there should be on Ingresses, and which of them to write next.

One Event for each Ingress, code and field, under a name that follows from these: after
a restart, or in another replica, it is the same one. It is written again when its message
changes, and before the apiserver would delete it; once its problem is solved, it becomes
a Normal one that says so. Pure: `kubernetes_event_writer` writes them.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from generator.objects import Kind, Name
from generator.problems import Code, Problem, Severity

_LONGEST_MESSAGE = 1024
_MOST_PER_INGRESS = 10
"""Events of one Ingress; the log and `pillion lint` have every problem."""
_SEVERITIES = list(Severity)


class KubernetesEvent(Struct, frozen=True, kw_only=True):
    """The content of an Event."""

    uid: str
    """Of the Ingress."""
    type: str
    reason: str
    message: str

    @property
    def is_normal(self) -> bool:
        """Whether it needs no correction once its problem is gone."""
        return self.type == "Normal"


class EventKey(Struct, frozen=True, order=True):
    """What identifies an Event."""

    ingress: Name
    code: Code
    field: str

    def name(self, uid: str) -> str:
        """Return the name of the Event: always the same, and unique."""
        digest = hashlib.sha256(f"{uid} {self.code} {self.field}".encode()).hexdigest()[:16]
        return f"{self.ingress.name[:230].rstrip('.-')}.{digest}"


class WrittenEvent(Struct, frozen=True):
    """An Event that was written, or that the apiserver refuses to take."""

    event: KubernetesEvent
    at_s: float
    count: int = 0


Events = Mapping[EventKey, KubernetesEvent]
WrittenEvents = Mapping[EventKey, WrittenEvent]


def wanted_events(problems: Iterable[Problem], uids: Mapping[Name, str]) -> Events:
    """Return the Events there should be: the most severe problems of each of these Ingresses."""
    found: dict[Name, dict[EventKey, KubernetesEvent]] = {}
    for problem in sorted(problems, key=lambda p: (_SEVERITIES.index(p.severity), p)):
        name = problem.object.name
        if problem.object.kind is not Kind.INGRESS or name not in uids:
            continue
        of_ingress = found.setdefault(name, {})
        if len(of_ingress) < _MOST_PER_INGRESS:
            key = EventKey(name, problem.code, problem.field)
            of_ingress.setdefault(key, _event(problem, uids[name]))
    return {key: event for events in found.values() for key, event in events.items()}


def _event(problem: Problem, uid: str) -> KubernetesEvent:
    field = f"{problem.field}: " if problem.field else ""
    return KubernetesEvent(
        uid=uid,
        type="Normal" if problem.severity is Severity.INFO else "Warning",
        reason="".join(part.capitalize() for part in problem.code.split("-")),
        message=_shortened(f"{field}{problem.message} {problem.advice}"),
    )


def solved(event: KubernetesEvent) -> KubernetesEvent:
    """Return what an Event becomes when its problem is solved."""
    message = _shortened(f"This is solved: {event.message}")
    return msgspec.structs.replace(event, type="Normal", message=message)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def without_finished(
    written: WrittenEvents, wanted: Events, uids: Mapping[Name, str]
) -> dict[EventKey, WrittenEvent]:
    """Return the written Events that may still change: wanted, or of a problem not yet solved."""
    return {
        key: of_key
        for key, of_key in written.items()
        if key in wanted
        or (not of_key.event.is_normal and uids.get(key.ingress) == of_key.event.uid)
    }


def due_events(
    wanted: Events, written: WrittenEvents, renew_before_s: float
) -> list[tuple[EventKey, KubernetesEvent]]:
    """Return what to write, in order, given Events `without_finished`.

    What is new comes before what is only renewed (last written before `renew_before_s`).
    Within each, Ingresses whose Events were not written for long come first, so that one
    that changes all the time does not hold up others.
    """
    last_s: dict[Name, float] = {}
    for key, of_key in written.items():
        last_s[key.ingress] = max(of_key.at_s, last_s.get(key.ingress, 0.0))
    changed = [(key, solved(of_key.event)) for key, of_key in written.items() if key not in wanted]
    renewed = []
    for key, event in wanted.items():
        before = written.get(key)
        if before is None or before.event != event:
            changed.append((key, event))
        elif before.at_s < renew_before_s:
            renewed.append((key, event))

    def waiting(due: tuple[EventKey, KubernetesEvent]) -> float:
        return last_s.get(due[0].ingress, 0.0)

    return [*sorted(changed, key=waiting), *sorted(renewed, key=waiting)]
