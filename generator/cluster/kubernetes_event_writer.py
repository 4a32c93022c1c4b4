"""Writes the Events on Ingresses, where `kubectl describe` shows them.

What should be written is compared with what was written, so a storm of changes costs
no more Events than there are problems in the end, and no queue grows.
"""

import asyncio
import datetime as dt
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from generator.cluster.api import Api
from generator.cluster.backoff import Backoff, Timing
from generator.cluster.errors import ClusterError, Refused
from generator.cluster.kubernetes_events import (
    EventKey,
    Events,
    KubernetesEvent,
    WrittenEvent,
    due_events,
    wanted_events,
    without_finished,
)
from generator.cluster.token_bucket import TokenBucket
from generator.log_events import Event
from generator.objects import Ingress, Kind, Name
from generator.problems import Problem

log = structlog.get_logger()

_COMPONENT = "pillion"

Now = Callable[[], dt.datetime]
_Noted = tuple[Iterable[Problem], Iterable[Ingress]]


class EventTiming(Struct, frozen=True, kw_only=True):
    """How fast Events are written, and when again."""

    burst: int = 25
    interval_s: float = 0.2
    """Between two of them, once as many as `burst` were written at once."""
    renew_s: float = 1800.0
    """When an unchanged one is written again: apiservers delete them after an hour."""
    forbidden_s: float = 60.0
    """Between tries while RBAC forbids it."""


class _Answer(Struct):
    count: int = 0


class KubernetesEventWriter:
    """Keeps the Events of our Ingresses up to date."""

    def __init__(
        self,
        client: Api,
        *,
        timing: Timing = Timing(),  # noqa: B008 - frozen
        event_timing: EventTiming = EventTiming(),  # noqa: B008 - frozen
        now: Now = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._client = client
        self._timing = timing
        self._event_timing = event_timing
        self._now = now
        self._bucket = TokenBucket(event_timing.burst, event_timing.interval_s)
        self._noted: _Noted = ((), ())
        self._taken: _Noted = self._noted
        self._wanted: Events = {}
        self._uids: Mapping[Name, str] = {}
        self._written: dict[EventKey, WrittenEvent] = {}
        self._has_news = asyncio.Event()
        self._backoff = Backoff(timing.first_s)
        self._has_logged_forbidden = False

    def note_problems(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Take all current problems of all our Ingresses; return at once."""
        self._noted = (problems, ours)
        self._has_news.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            self._has_news.clear()
            await self._take_news()
            await self._write_all(await asyncio.to_thread(self._due, self._clock()))
            await self._wait_for_news()

    async def _take_news(self) -> None:
        """Find out what should be written, in a thread: problems may be very many."""
        if self._taken is not self._noted:
            noted = self._noted
            self._uids, self._wanted = await asyncio.to_thread(_wanted, *noted)
            self._taken = noted

    def _due(self, now_s: float) -> list[tuple[EventKey, KubernetesEvent]]:
        self._written = without_finished(self._written, self._wanted, self._uids)
        return due_events(self._wanted, self._written, now_s - self._event_timing.renew_s)

    async def _write_all(self, due: list[tuple[EventKey, KubernetesEvent]]) -> None:
        """Write all that is due; stop early for news, which may be more urgent."""
        for key, event in due:
            await self._bucket.take()
            await self._take_news()
            if self._is_still_due(key, event) and not await self._write(key, event):
                self._has_news.set()
            if self._has_news.is_set():
                return

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._has_news.wait(), self._event_timing.renew_s / 10)
        except TimeoutError:
            return

    def _is_still_due(self, key: EventKey, event: KubernetesEvent) -> bool:
        """Whether news that came during the wait for a token left this Event valid."""
        wanted = self._wanted.get(key)
        return wanted == event if wanted else self._uids.get(key.ingress) == event.uid

    async def _write(self, key: EventKey, event: KubernetesEvent) -> bool:
        """Write one; return whether to continue with the others."""
        written = self._written.get(key)
        try:
            if written:
                count = await self._patch(key, event, written)
            else:
                count = await self._create(key, event)
        except Refused as error:
            return await self._handle_refusal(key, event, error)
        except (ClusterError, msgspec.DecodeError):
            await asyncio.sleep(self._backoff.next_s(self._timing.cap_s))
            return False
        self._backoff.reset()
        self._written[key] = WrittenEvent(event, self._clock(), count)
        return True

    async def _create(self, key: EventKey, event: KubernetesEvent) -> int:
        body = _manifest(key, event, self._timestamp())
        try:
            answer = await self._client.create(_path(key.ingress.namespace), body)
        except Refused as error:
            if error.status != 409:
                raise
            # Written before a restart, or by another replica.
            return await self._patch(key, event, None)
        return msgspec.json.decode(answer, type=_Answer).count

    async def _patch(
        self, key: EventKey, event: KubernetesEvent, written: WrittenEvent | None
    ) -> int:
        change: dict[str, Any] = {"lastTimestamp": self._timestamp(), **_content(event)}
        if written:
            change["count"] = written.count + 1
        path = f"{_path(key.ingress.namespace)}/{key.name(event.uid)}"
        try:
            answer = await self._client.patch(path, (), change)
        except Refused as error:
            if error.status != 404 or written is None:
                raise
            return await self._create(key, event)
        return msgspec.json.decode(answer, type=_Answer).count

    async def _handle_refusal(self, key: EventKey, event: KubernetesEvent, error: Refused) -> bool:
        """Skip this Event if the refusal concerns it alone; wait if it concerns all."""
        is_terminating = error.status == 403 and "being terminated" in error.message
        if error.status in {400, 404, 409, 422} or is_terminating:
            self._written[key] = WrittenEvent(event, self._clock())
            return True
        if error.status == 403:
            self._log_forbidden(key.ingress.namespace, error)
            wait_s = self._event_timing.forbidden_s
        else:
            wait_s = self._backoff.next_s(self._timing.cap_s)
        await asyncio.sleep(wait_s + min(error.retry_after_s, self._timing.retry_after_cap_s))
        return False

    def _log_forbidden(self, namespace: str, error: Refused) -> None:
        if self._has_logged_forbidden:
            return
        self._has_logged_forbidden = True
        log.error(
            Event.CLUSTER_FORBIDDEN,
            verb="create and patch",
            resource="events",
            group="",
            namespace=namespace,
            fields="",
            error=error.message,
        )

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()


def _wanted(
    problems: Iterable[Problem], ours: Iterable[Ingress]
) -> tuple[Mapping[Name, str], Events]:
    uids = {ingress.name: ingress.metadata.uid for ingress in ours}
    return uids, wanted_events(problems, uids)


def _manifest(key: EventKey, event: KubernetesEvent, at: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": key.ingress.namespace, "name": key.name(event.uid)},
        "involvedObject": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": str(Kind.INGRESS),
            "namespace": key.ingress.namespace,
            "name": key.ingress.name,
            "uid": event.uid,
        },
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "reportingInstance": socket.gethostname(),
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        **_content(event),
    }


def _content(event: KubernetesEvent) -> dict[str, str]:
    return {"type": event.type, "reason": event.reason, "message": event.message}


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/events"
