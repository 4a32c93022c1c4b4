"""Tells problems as Events on their Ingresses, where `kubectl describe` shows them.

One Event for each Ingress, code and field, under a name that follows from these: a
restart or another replica goes on with the same. It is written again when its message
changes, and before the apiserver would forget it; a problem that is solved turns it into
a Normal one that says so. What is to be told is compared with what was told, so a storm
of changes costs no more Events than there are problems in the end, and no queue grows.
"""

import asyncio
import datetime as dt
import hashlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from generator.cluster.backoff import Backoff, Timing
from generator.cluster.client import Client
from generator.cluster.errors import ClusterError, Refused
from generator.log_events import Event
from generator.objects import Ingress, Kind, Name
from generator.problems import Code, Problem, Severity

log = structlog.get_logger()

_COMPONENT = "pillion"
_LONGEST_MESSAGE = 1024
_MOST_FOR_ONE = 10
"""Events of one Ingress; the log and `pillion lint` have all."""
_SEVERITIES = list(Severity)

Now = Callable[[], dt.datetime]


class Pace(Struct, frozen=True, kw_only=True):
    """How fast Events are written."""

    burst: int = 25
    each_s: float = 0.2
    """Between two of them, once as many as `burst` were written at once."""
    again_s: float = 1800.0
    """When one is written again although nothing changed: apiservers forget them in an hour."""
    forbidden_s: float = 60.0
    """Between tries while RBAC forbids it."""


class Note(Struct, frozen=True, kw_only=True):
    """What an Event says."""

    uid: str
    """Of the Ingress."""
    type: str
    reason: str
    message: str


class Key(Struct, frozen=True, order=True):
    """What there is one Event for."""

    ingress: Name
    code: Code
    field: str

    def name(self, uid: str) -> str:
        """Return the name of the Event: it stays the same, and no other has it."""
        digest = hashlib.sha256(f"{uid} {self.code} {self.field}".encode()).hexdigest()[:16]
        return f"{self.ingress.name[:230].rstrip('.-')}.{digest}"


class _Told(Struct):
    note: Note
    at: float
    count: int = 0


class _Answer(Struct):
    count: int = 0


def notes(problems: Iterable[Problem], ours: Iterable[Ingress]) -> Mapping[Key, Note]:
    """Say which Events there should be, the weightiest of each Ingress."""
    uids = {ingress.name: ingress.metadata.uid for ingress in ours}
    found: dict[Name, dict[Key, Note]] = {}
    for problem in sorted(problems, key=lambda p: (_SEVERITIES.index(p.severity), p)):
        name = problem.object.name
        if problem.object.kind is not Kind.INGRESS or name not in uids:
            continue
        of_this = found.setdefault(name, {})
        if len(of_this) < _MOST_FOR_ONE:
            key = Key(name, problem.code, problem.field)
            of_this.setdefault(key, _note(problem, uids[name]))
    return {key: note for of_one in found.values() for key, note in of_one.items()}


def _note(problem: Problem, uid: str) -> Note:
    field = f"{problem.field}: " if problem.field else ""
    return Note(
        uid=uid,
        type="Normal" if problem.severity is Severity.INFO else "Warning",
        reason="".join(part.capitalize() for part in problem.code.split("-")),
        message=_cut(f"{field}{problem.message} {problem.advice}"),
    )


def solved(note: Note) -> Note:
    """Say that it is over."""
    return msgspec.structs.replace(
        note, type="Normal", message=_cut(f"This is solved: {note.message}")
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


class EventWriter:
    """Keeps the Events of our Ingresses as they should be."""

    def __init__(
        self,
        client: Client,
        *,
        timing: Timing = Timing(),  # noqa: B008 - frozen
        pace: Pace = Pace(),  # noqa: B008 - frozen
        now: Now = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._client = client
        self._timing = timing
        self._pace = pace
        self._now = now
        self._wanted: Mapping[Key, Note] = {}
        self._uids: Mapping[Name, str] = {}
        self._told: dict[Key, _Told] = {}
        self._news = asyncio.Event()
        self._backoff = Backoff(timing.first_s)
        self._complaint = ""

    def tell(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Say which problems there are now; returns at once."""
        ours = tuple(ours)
        self._wanted = notes(problems, ours)
        self._uids = {ingress.name: ingress.metadata.uid for ingress in ours}
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled."""
        allowance = float(self._pace.burst)
        last = self._clock()
        while True:
            self._news.clear()
            for key, note in sorted(self._due(), key=lambda due: self._age(due[0])):
                allowance = min(
                    self._pace.burst, allowance + (self._clock() - last) / self._pace.each_s
                )
                last = self._clock()
                if allowance < 1:
                    await asyncio.sleep(self._pace.each_s)
                allowance -= 1
                if self._is_still_due(key, note) and not await self._write(key, note):
                    break
            else:
                await self._wait()

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), self._pace.again_s / 10)
        except TimeoutError:
            return

    def _age(self, key: Key) -> float:
        """Have Ingresses that were written about lately wait for the others."""
        return max((t.at for k, t in self._told.items() if k.ingress == key.ingress), default=0.0)

    def _due(self) -> Iterator[tuple[Key, Note]]:
        for key in [key for key in self._told if key not in self._wanted]:
            note = self._told[key].note
            if note.type == "Normal" or self._uids.get(key.ingress) != note.uid:
                del self._told[key]
            else:
                yield key, solved(note)
        for key, note in self._wanted.items():
            told = self._told.get(key)
            if told is None or told.note != note or self._is_old(told):
                yield key, note

    def _is_old(self, told: _Told) -> bool:
        return self._clock() - told.at > self._pace.again_s

    def _is_still_due(self, key: Key, note: Note) -> bool:
        """Look again: by the time that it is written, something else may hold."""
        wanted = self._wanted.get(key)
        return wanted == note if wanted else self._uids.get(key.ingress) == note.uid

    async def _write(self, key: Key, note: Note) -> bool:
        """Write one; return whether to go on with the others."""
        told = self._told.get(key)
        try:
            count = await self._patch(key, note, told) if told else await self._create(key, note)
        except Refused as error:
            return await self._refused(key, note, error)
        except (ClusterError, msgspec.DecodeError):
            await asyncio.sleep(self._backoff.next_s(self._timing.cap_s))
            return False
        self._backoff.reset()
        self._told[key] = _Told(note, self._clock(), count)
        return True

    async def _create(self, key: Key, note: Note) -> int:
        name = key.name(note.uid)
        at = self._timestamp()
        reference = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": str(Kind.INGRESS),
            "namespace": key.ingress.namespace,
            "name": key.ingress.name,
            "uid": note.uid,
        }
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": key.ingress.namespace, "name": name},
            "involvedObject": reference,
            "source": {"component": _COMPONENT},
            "reportingComponent": _COMPONENT,
            "reportingInstance": socket.gethostname(),
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
            **_said(note),
        }
        try:
            answer = await self._client.create(_path(key.ingress.namespace), event)
        except Refused as error:
            if error.status != 409:
                raise
            # Of an earlier life, or of another replica.
            return await self._patch(key, note, None)
        return msgspec.json.decode(answer, type=_Answer).count

    async def _patch(self, key: Key, note: Note, told: _Told | None) -> int:
        change: dict[str, Any] = {"lastTimestamp": self._timestamp(), **_said(note)}
        if told:
            change["count"] = told.count + 1
        path = f"{_path(key.ingress.namespace)}/{key.name(note.uid)}"
        try:
            answer = await self._client.patch(path, (), change)
        except Refused as error:
            if error.status != 404 or told is None:
                raise
            return await self._create(key, note)
        return msgspec.json.decode(answer, type=_Answer).count

    async def _refused(self, key: Key, note: Note, error: Refused) -> bool:
        """Say once that it may not be; pass over what concerns this one alone."""
        is_ending = error.status == 403 and "being terminated" in error.message
        if error.status in {400, 404, 409, 422} or is_ending:
            self._told[key] = _Told(note, self._clock())
            return True
        if error.status == 403 and self._complaint != "403":
            log.error(
                Event.CLUSTER_FORBIDDEN,
                verb="create and patch",
                resource="events",
                group="",
                namespace=key.ingress.namespace,
                fields="",
                error=error.message,
            )
            self._complaint = "403"
        forbidden = error.status == 403
        wait_s = self._pace.forbidden_s if forbidden else self._backoff.next_s(self._timing.cap_s)
        await asyncio.sleep(wait_s + min(error.retry_after_s, self._timing.retry_after_cap_s))
        return False

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()


def _said(note: Note) -> dict[str, str]:
    return {"type": note.type, "reason": note.reason, "message": note.message}


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/events"
