"""Follows one resource and keeps its sink true.

Lists in pages, then watches from there. A watch that ends when it should goes on
from its last resourceVersion; one that ends in any other way (broken off, silent,
410, half a line) leads to a new list, since only a list shows that etcd went back
to an older state: a watch from a version of the future hears nothing, for ever.
While it lists, the sink keeps what it has, and then changes at once. An object
that cannot be read costs itself alone. An empty list after a full one is asked for
again before it is believed.
Rules: Kubernetes API concepts, "Efficient detection of changes".
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Generic, Protocol

import msgspec
import structlog
from msgspec import Raw, Struct, field

from generator.cluster.backoff import Backoff, Timing
from generator.cluster.client import Client, Query, Status, refused
from generator.cluster.errors import ClusterError, Expired, Garbled, Refused, Unreachable
from generator.cluster.lines import Lines
from generator.cluster.resources import Broken, Resource, broken, identity
from generator.log_events import Event
from generator.objects import Name, Object

PAGE = 500
EARLY_S = 2.0
"""A watch that ends this much before its time has been cut."""

log = structlog.get_logger()


class _Cap(Enum):
    """The sorts of trouble, each with a longest wait of its own."""

    UNREACHABLE = auto()
    REFUSED = auto()
    BUSY = auto()


class Sink(Protocol[Object]):
    """What a reflector fills."""

    def known(self, found: Object) -> Object | None:
        """Return the object that is held if it says the same; None for one not to be kept.

        For lists: what is found costs no memory twice.
        """

    def put(self, found: Object) -> None:
        """Hold this, in place of what had its name."""

    def keep(self, unread: Broken) -> None:
        """Go on holding what had its name, and say that it cannot be read."""

    def remove(self, name: Name) -> None:
        """Hold nothing of this name."""


class Scope(Struct, frozen=True, kw_only=True):
    """Which objects of a resource are followed."""

    namespace: str = ""
    """Empty: all."""
    fields: str = ""
    """A field selector."""

    @property
    def query(self) -> Query:
        """As it stands in a request."""
        return (("fieldSelector", self.fields),) if self.fields else ()


class _ListMetadata(Struct, rename="camel"):
    resource_version: str = ""
    more: str = field(default="", name="continue")


class _Page(Struct):
    metadata: _ListMetadata
    kind: str = ""
    items: list[Raw] | None = None


class _Event(Struct):
    type: str
    object: Raw


class Reflector(Generic[Object]):
    """One resource in one scope."""

    def __init__(  # noqa: PLR0913 - each is another part
        self,
        client: Client,
        resource: Resource[Object],
        sink: Sink[Object],
        *,
        scope: Scope = Scope(),  # noqa: B008 - frozen
        timing: Timing = Timing(),  # noqa: B008 - frozen
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._resource = resource
        self._sink = sink
        self._scope = scope
        self._timing = timing
        self._turned = turned
        self._backoffs = {cap: Backoff(timing.first_s) for cap in _Cap}
        self._names: set[Name] = set()
        self._listed = asyncio.Event()
        self._answered = asyncio.Event()
        self._refused_since: float | None = None
        self._is_refused = False
        self._told = ""

    def __str__(self) -> str:
        where = f" in namespace {self._scope.namespace}" if self._scope.namespace else ""
        return f"{self._resource.plural}{where}"

    @property
    def listed(self) -> bool:
        """Whether it was listed once."""
        return self._listed.is_set()

    @property
    def allowed(self) -> bool:
        """Whether it was listed and is not refused since."""
        return self.listed and not self._is_refused

    @property
    def has_answered(self) -> bool:
        """Whether it was listed or refused."""
        return self._answered.is_set()

    async def has_listed(self) -> None:
        """Return once it was listed."""
        await self._listed.wait()

    async def answered(self) -> None:
        """Return once it was listed or refused for the first time."""
        await self._answered.wait()

    async def settled(self) -> None:
        """Return once it was listed, or has been refused for as long as is waited for it.

        While no one answers there is nothing to settle for: an empty snapshot would
        take down what is served.
        """
        await self._answered.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.give_up_s):
                await self._listed.wait()

    async def run_for_good(self) -> None:
        """Start again what a bug ended; it must not take others with it."""
        again = Backoff(self._timing.first_s)
        while True:
            try:
                await self.run()
            except Exception:  # a bug, and the show goes on
                log.exception(Event.REFLECTOR_FAILED, resource=str(self))
            await asyncio.sleep(again.next_s(self._timing.cap_s))

    async def run(self) -> None:
        """Keep the sink true until cancelled."""
        reason = ""
        while True:
            verb = "list"
            try:
                version = await self._list()
                self._note_list(reason)
                verb = "watch"
                while True:
                    version = await self._watch(version)
            except ClusterError as error:
                reason = str(error)
                wait_s = self._wait_s(error)
                self._tell(verb, error)
            await asyncio.sleep(wait_s)

    async def _list(self) -> str:
        """Read everything, then swap; return the version that this is."""
        found, version = await self._pages()
        if not found and self._names:
            log.warning(
                Event.CLUSTER_EMPTY, resource=str(self._resource.plural), held=len(self._names)
            )
            await asyncio.sleep(self._timing.confirm_empty_s)
            found, version = await self._pages()
        for name in self._names - found.keys():
            self._sink.remove(name)
        for item in found.values():
            if isinstance(item, Broken):
                self._sink.keep(item)
            elif item is not None:
                self._sink.put(item)
        self._names = set(found)
        return version

    async def _pages(self) -> tuple[dict[Name, Object | Broken | None], str]:
        try:
            return await self._read_pages(PAGE)
        except Expired:
            # The pages took longer than etcd keeps their version: once more, in one.
            return await self._read_pages(0)

    async def _read_pages(self, limit: int) -> tuple[dict[Name, Object | Broken | None], str]:
        found: dict[Name, Object | Broken | None] = {}
        more = ""
        while True:
            query = (
                *self._scope.query,
                *((("limit", str(limit)),) if limit else ()),
                *((("continue", more),) if more else ()),
            )
            text = await self._client.get(self._resource.path(self._scope.namespace), query)
            page = _page(text)
            for raw in page.items or ():
                name, item = self._item(raw)
                found[name] = item
            more = page.metadata.more
            if not more:
                return found, page.metadata.resource_version

    def _item(self, raw: Raw) -> tuple[Name, Object | Broken | None]:
        item = self._read(raw)
        if isinstance(item, Broken):
            return item.ref.name, item
        return item.name, self._sink.known(item)

    def _read(self, raw: Raw) -> Object | Broken:
        try:
            return self._resource.read(raw)
        except msgspec.DecodeError as error:
            try:
                unread = broken(raw, self._resource.kind, error)
            except msgspec.DecodeError:
                raise Garbled("An object has no name.") from error
        log.warning(
            Event.OBJECT_NOT_DECODED,
            object=str(unread.ref),
            field=unread.problem.field,
            error=unread.problem.message,
        )
        return unread

    async def _watch(self, version: str) -> str:
        """Follow until the watch's time is over; return the version it came to."""
        clock = asyncio.get_running_loop().time
        asked_s = int(random.uniform(*self._timing.watch_s))  # noqa: S311 - not a secret
        query = (
            *self._scope.query,
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", str(asked_s)),
        )
        began, lines = clock(), Lines()
        path = self._resource.path(self._scope.namespace)
        try:
            async with self._client.stream(path, query) as chunks:
                async for chunk in chunks:
                    for line in lines.feed(chunk):
                        version = self._apply(line) or version
        finally:
            if clock() - began >= self._timing.steady_s:
                for backoff in self._backoffs.values():
                    backoff.reset()
        if lines.unfinished:
            raise Garbled("The watch ended within a line.")
        if clock() - began < asked_s - EARLY_S:
            raise Unreachable("The watch ended before its time.")
        return version

    def _apply(self, line: bytes) -> str:
        """Take one event of a watch; return its version."""
        try:
            event = msgspec.json.decode(line, type=_Event)
            if event.type == "ERROR":
                status = msgspec.json.decode(event.object, type=Status)
                raise refused(status.code, status)
            ref, _, version = identity(event.object, self._resource.kind)
        except msgspec.DecodeError as error:
            raise Garbled("A line of the watch is not an event.") from error
        if event.type in ("ADDED", "MODIFIED", "DELETED") and not ref.name.name:
            raise Garbled("An object has no name.")
        if event.type in ("ADDED", "MODIFIED"):
            self._names.add(ref.name)
            item = self._read(event.object)
            if isinstance(item, Broken):
                self._sink.keep(item)
            else:
                self._sink.put(item)
        elif event.type == "DELETED":
            self._names.discard(ref.name)
            self._sink.remove(ref.name)
        return version

    def _wait_s(self, error: ClusterError) -> float:
        """Return the wait before the next try; each sort of trouble has a series of its own.

        An apiserver that comes back after an hour refuses for a second, and must not be
        left alone for long because of the hour.
        """
        timing = self._timing
        if not isinstance(error, Refused):
            return self._backoffs[_Cap.UNREACHABLE].next_s(timing.unreachable_cap_s)
        if error.status == 429 or error.status >= 500:
            wait_s = self._backoffs[_Cap.BUSY].next_s(timing.cap_s)
        else:
            wait_s = self._backoffs[_Cap.REFUSED].next_s(timing.refused_cap_s)
        return wait_s + min(error.retry_after_s, timing.retry_after_cap_s)

    def _note_list(self, reason: str) -> None:
        first = not self.listed
        self._refused_since, self._is_refused, self._told = None, False, ""
        self._listed.set()
        self._answered.set()
        self._turned()
        if first:
            log.debug(Event.CLUSTER_LISTED, resource=str(self), objects=len(self._names))
        else:
            log.info(
                Event.CLUSTER_RELISTED,
                resource=str(self),
                objects=len(self._names),
                reason=reason,
            )

    def _tell(self, verb: str, error: ClusterError) -> None:
        """Log what went wrong; a refusal once, when it lasts, until it is another or over."""
        if isinstance(error, Garbled):
            log.warning(Event.CLUSTER_INVALID_RESPONSE, resource=str(self), error=str(error))
        if not isinstance(error, Refused) or isinstance(error, Expired):
            return
        now = asyncio.get_running_loop().time()
        if self._refused_since is None:
            self._refused_since = now
        lasts = now - self._refused_since >= self._timing.tell_after_s
        if error.status in (401, 403, 404, 405) and (lasts or not self.listed):
            self._is_refused = True
            self._answered.set()
            self._turned()
        what = f"{verb} {error.status}"
        if lasts and what != self._told:
            self._told = what
            self._log_refusal(verb, error)

    def _log_refusal(self, verb: str, error: Refused) -> None:
        if error.status == 403:
            log.error(
                Event.CLUSTER_FORBIDDEN,
                verb=verb,
                resource=self._resource.plural,
                group=self._resource.group,
                namespace=self._scope.namespace or "all",
                fields=self._scope.fields,
                error=error.message,
            )
        else:
            log.warning(Event.CLUSTER_REFUSED, verb=verb, resource=str(self), error=str(error))


def _page(text: bytes) -> _Page:
    try:
        page = msgspec.json.decode(text, type=_Page)
    except msgspec.DecodeError as error:
        raise Garbled("A list is not one of an apiserver.") from error
    if not page.kind.endswith("List") or not page.metadata.resource_version:
        raise Garbled("A list has no kind or no resourceVersion.")
    return page
