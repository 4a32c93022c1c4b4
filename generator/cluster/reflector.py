"""Follows one resource and keeps its table up to date.

Lists in pages, then watches from there. A watch that ends when it should continues
from its last resourceVersion; one that ends in any other way (broken off, silent,
410, half a line) leads to a new list, since only a list shows that etcd went back
to an older state: a watch from a version of the future never reports anything.
While it lists, the table keeps its objects, and then changes at once. An object
that cannot be decoded affects no other. An empty list after a full one is asked for
again before it is believed.
Rules: Kubernetes API concepts, "Efficient detection of changes".
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Generic

import msgspec
import structlog
from msgspec import Raw, Struct

from generator.cluster.backoff import Backoff, FailureBackoff, Timing
from generator.cluster.client import Client
from generator.cluster.errors import ClusterError, Expired, InvalidResponse, Refused, Unreachable
from generator.cluster.line_splitter import LineSplitter
from generator.cluster.list_watch import (
    Scope,
    WatchEvent,
    WatchEventType,
    decode_page,
    decode_watch_event,
)
from generator.cluster.refusals import DENIALS, RefusalLog, title
from generator.cluster.resources import Resource, UndecodedObject, undecoded_object
from generator.cluster.store import Table
from generator.log_events import Event
from generator.objects import Name, Object

PAGE = 500
EARLY_S = 2.0
"""A watch that ends this much before its time has been cut."""

log = structlog.get_logger()


def _ignore(_: Name) -> None:
    pass


class Hooks(Struct, frozen=True, kw_only=True):
    """What a reflector asks before it writes to its table, and reports afterwards."""

    keeps: Callable[[Name], bool] = lambda _: True
    """Which objects go to the table; the others are dropped as they are decoded."""
    on_put: Callable[[Name], None] = _ignore
    on_remove: Callable[[Name], None] = _ignore
    on_access: Callable[[], None] = lambda: None
    """Called when a list succeeded or was refused."""


class Reflector(Generic[Object]):
    """One resource in one scope."""

    def __init__(  # noqa: PLR0913 - each is another part
        self,
        client: Client,
        resource: Resource[Object],
        table: Table[Object],
        *,
        scope: Scope = Scope(),  # noqa: B008 - frozen
        timing: Timing = Timing(),  # noqa: B008 - frozen
        hooks: Hooks = Hooks(),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._resource = resource
        self._table = table
        self._scope = scope
        self._timing = timing
        self._hooks = hooks
        self._backoff = FailureBackoff(timing)
        self._refusals = RefusalLog(resource, scope, timing.log_refusal_after_s)
        self._names: set[Name] = set()
        self._listed = asyncio.Event()
        self._answered = asyncio.Event()
        self._is_refused = False

    def __str__(self) -> str:
        return title(self._resource, self._scope)

    @property
    def has_listed(self) -> bool:
        """Whether a list has succeeded."""
        return self._listed.is_set()

    @property
    def is_allowed(self) -> bool:
        """Whether a list has succeeded and none was refused since."""
        return self.has_listed and not self._is_refused

    @property
    def has_answer(self) -> bool:
        """Whether a list has succeeded or was refused."""
        return self._answered.is_set()

    async def wait_until_listed(self) -> None:
        """Wait for the first list that succeeds."""
        await self._listed.wait()

    async def wait_for_answer(self) -> None:
        """Wait for the first list that succeeds or is refused."""
        await self._answered.wait()

    async def wait_until_listed_or_given_up(self) -> None:
        """Wait for the first list that succeeds; for `give_up_s` at most once one is refused.

        Without any answer there is no limit: an empty snapshot would take down what
        is served.
        """
        await self._answered.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.give_up_s):
                await self._listed.wait()

    async def run_for_good(self) -> None:
        """Run until cancelled; restart after a bug, which must not end other reflectors."""
        restarts = Backoff(self._timing.first_s)
        while True:
            try:
                await self.run()
            except Exception:  # a bug
                log.exception(Event.REFLECTOR_FAILED, resource=str(self))
            await asyncio.sleep(restarts.next_s(self._timing.cap_s))

    async def run(self) -> None:
        """Keep the table up to date until cancelled."""
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
                wait_s = self._backoff.next_s(error)
                self._note_failure(verb, error)
            await asyncio.sleep(wait_s)

    async def _list(self) -> str:
        """Read everything, then replace the table's objects; return the list's version."""
        found, version = await self._pages()
        if not found and self._names:
            log.warning(
                Event.CLUSTER_EMPTY, resource=str(self._resource.plural), held=len(self._names)
            )
            await asyncio.sleep(self._timing.confirm_empty_s)
            found, version = await self._pages()
        for name in self._names - found.keys():
            self._remove(name)
        for item in found.values():
            if item is not None:
                self._put(item)
        self._names = set(found)
        return version

    async def _pages(self) -> tuple[dict[Name, Object | UndecodedObject | None], str]:
        try:
            return await self._read_pages(PAGE)
        except Expired:
            # The pages took longer than etcd keeps their version: once more, in one.
            return await self._read_pages(0)

    async def _read_pages(
        self, limit: int
    ) -> tuple[dict[Name, Object | UndecodedObject | None], str]:
        """Return what a list holds and its version; None stands for what is not kept."""
        found: dict[Name, Object | UndecodedObject | None] = {}
        path, next_page = self._resource.path(self._scope.namespace), ""
        while True:
            query = self._scope.list_query(limit, next_page)
            page = decode_page(await self._client.get(path, query))
            for raw in page.items or ():
                name, item = self._listed_item(raw)
                found[name] = item
            next_page = page.metadata.next_page
            if not next_page:
                return found, page.metadata.resource_version

    def _listed_item(self, raw: Raw) -> tuple[Name, Object | UndecodedObject | None]:
        """Return an item, as the object held where that is equivalent: it costs no memory twice."""
        item = self._decode(raw)
        if isinstance(item, UndecodedObject):
            return item.ref.name, item
        if not self._hooks.keeps(item.name):
            return item.name, None
        self._table.note_status(item)
        return item.name, self._table.interned(item)

    def _decode(self, raw: Raw) -> Object | UndecodedObject:
        try:
            return self._resource.read(raw)
        except msgspec.DecodeError as error:
            try:
                undecoded = undecoded_object(raw, self._resource.kind, error)
            except msgspec.DecodeError:
                raise InvalidResponse("An object has no name.") from error
        log.warning(
            Event.OBJECT_NOT_DECODED,
            object=str(undecoded.ref),
            field=undecoded.problem.field,
            error=undecoded.problem.message,
        )
        return undecoded

    async def _watch(self, version: str) -> str:
        """Follow until the watch's time is over; return the last version seen."""
        clock = asyncio.get_running_loop().time
        asked_s = int(random.uniform(*self._timing.watch_s))  # noqa: S311 - not a secret
        began, lines = clock(), LineSplitter()
        path = self._resource.path(self._scope.namespace)
        try:
            query = self._scope.watch_query(version, asked_s)
            async with self._client.stream(path, query) as chunks:
                async for chunk in chunks:
                    for line in lines.feed(chunk):
                        event = decode_watch_event(line, self._resource.kind)
                        self._apply(event)
                        version = event.resource_version or version
        finally:
            if clock() - began >= self._timing.steady_s:
                self._backoff.reset()
        if lines.is_unfinished:
            raise InvalidResponse("The watch ended within a line.")
        if clock() - began < asked_s - EARLY_S:
            raise Unreachable("The watch ended before its time.")
        return version

    def _apply(self, event: WatchEvent) -> None:
        match event.type:
            case WatchEventType.ADDED | WatchEventType.MODIFIED:
                self._names.add(event.name)
                self._put(self._decode(event.object))
            case WatchEventType.DELETED:
                self._names.discard(event.name)
                self._remove(event.name)

    def _put(self, item: Object | UndecodedObject) -> None:
        if isinstance(item, UndecodedObject):
            if self._hooks.keeps(item.ref.name):
                self._table.keep(item)
        elif self._hooks.keeps(item.name):
            self._table.put(item)
            self._hooks.on_put(item.name)

    def _remove(self, name: Name) -> None:
        if self._hooks.keeps(name):
            self._table.remove(name)
            self._hooks.on_remove(name)

    def _note_list(self, reason: str) -> None:
        is_first = not self.has_listed
        self._refusals.clear()
        self._is_refused = False
        self._listed.set()
        self._answered.set()
        self._hooks.on_access()
        if is_first:
            log.debug(Event.CLUSTER_LISTED, resource=str(self), objects=len(self._names))
        else:
            log.info(
                Event.CLUSTER_RELISTED,
                resource=str(self),
                objects=len(self._names),
                reason=reason,
            )

    def _note_failure(self, verb: str, error: ClusterError) -> None:
        if isinstance(error, InvalidResponse):
            log.warning(Event.CLUSTER_INVALID_RESPONSE, resource=str(self), error=str(error))
        if not isinstance(error, Refused) or isinstance(error, Expired):
            return
        lasts = self._refusals.note(verb, error)
        if error.status in DENIALS and (lasts or not self.has_listed):
            self._is_refused = True
            self._answered.set()
            self._hooks.on_access()
