"""Writes to the status of Ingresses where they are served.

Whoever leads runs one writer: only `run` writes, so an election starts and cancels
it. Which Ingresses are ours to clean up, also after a restart or a change of leader,
is what the apiserver says: those whose status our field manager wrote last.
"""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog
from msgspec import Struct

from generator.cluster.backoff import Backoff, Timing
from generator.cluster.client import METADATA_ONLY, Client
from generator.cluster.errors import ClusterError, Refused
from generator.cluster.resources import INGRESSES
from generator.cluster.source import ClusterSource
from generator.log_events import Event
from generator.names import is_address
from generator.objects import Ingress, Kind, Name, PublishedAddress

FIELD_MANAGER = "pillion"
AT_ONCE = 10

Addresses = tuple[PublishedAddress, ...]

log = structlog.get_logger()


def addresses_of_service(source: ClusterSource, name: Name) -> Addresses:
    """Where a Service is reached from outside, as ingress-nginx's --publish-service has it."""
    service, status = source.service(name), source.status(Kind.SERVICE, name)
    if service is None:
        return ()
    spec = service.spec
    outside = tuple(PublishedAddress(ip=ip) for ip in spec.external_ips)
    own = (PublishedAddress(ip=spec.cluster_ip),) if spec.cluster_ip not in ("", "None") else ()
    match spec.type:
        case "ExternalName":
            found: Addresses = (PublishedAddress(hostname=spec.external_name),)
        case "LoadBalancer":
            found = (status.load_balancer.ingress if status else ()) + outside
        case "NodePort":
            found = outside or own
        case _:
            found = own
    return in_order(found)


def addresses_of_text(texts: Iterable[str]) -> Addresses:
    """Read --publish-status-address: IP addresses and host names."""
    return in_order(
        PublishedAddress(ip=text) if is_address(text) else PublishedAddress(hostname=text)
        for text in texts
    )


def in_order(addresses: Iterable[PublishedAddress]) -> Addresses:
    """Return each once, in a stable order."""
    return tuple(sorted(set(addresses), key=lambda address: (address.hostname, address.ip)))


class _Written(Struct, frozen=True):
    """What we wrote, and to whom."""

    uid: str
    addresses: Addresses | None
    """None: in an earlier life, so whatever is there."""


class _Manager(Struct, rename="camel"):
    manager: str = ""
    subresource: str = ""


class _Metadata(Struct, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    managed_fields: tuple[_Manager, ...] = ()


class _Item(Struct):
    metadata: _Metadata


class _ListMetadata(Struct):
    more: str = msgspec.field(default="", name="continue")


class _List(Struct):
    metadata: _ListMetadata
    items: tuple[_Item, ...] | None = ()


class StatusWriter:
    """Keeps the status of served Ingresses at our addresses, and takes them from the others."""

    def __init__(  # noqa: PLR0913 - each is another part
        self,
        client: Client,
        source: ClusterSource,
        *,
        publish_service: Name | None = None,
        publish_addresses: Addresses = (),
        namespaces: tuple[str, ...] = (),
        timing: Timing = Timing(),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._source = source
        self._service = publish_service
        self._fixed = publish_addresses
        self._namespaces = namespaces or ("",)
        self._timing = timing
        self._served: dict[Name, str] | None = None
        self._written: dict[Name, _Written] = {}
        self._queue: asyncio.Queue[Name] = asyncio.Queue()
        self._queued: set[Name] = set()
        self._backoffs: dict[Name, Backoff] = {}
        self._told: set[str] = set()
        self._news: set[Name] = set()
        self._has_news = asyncio.Event()
        self._published: Addresses = ()
        self._ingresses = source.store.tables[Kind.INGRESS]

    def publish(self, served: Iterable[Ingress]) -> None:
        """Say which Ingresses are served now; returns at once."""
        before, self._served = self._served, {i.name: i.metadata.uid for i in served}
        changed = {name for name, _ in (before or {}).items() ^ self._served.items()}
        self._look_at(changed if before is not None else changed | self._written.keys())

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recall())
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())
            tasks.create_task(self._follow_statuses())
            while True:
                await self._has_news.wait()
                self._has_news.clear()
                names, self._news = self._news, set()
                self._queue_what_differs(names)

    @property
    def addresses(self) -> Addresses:
        """What is published now."""
        return addresses_of_service(self._source, self._service) if self._service else self._fixed

    def _look_at(self, names: set[Name]) -> None:
        self._news |= names
        self._has_news.set()

    async def _follow_statuses(self) -> None:
        while True:
            restated = await self._source.store.wait_for_changed_statuses()
            self._look_at({ref.name for ref in restated if ref.kind is Kind.INGRESS})

    def _queue_what_differs(self, names: set[Name]) -> None:
        addresses = self.addresses
        if addresses != self._published:
            self._published = addresses
            names = {*names, *(self._served or ())}
        for name in names:
            if name not in self._queued and self._wish(name, addresses) is not None:
                self._queued.add(name)
                self._queue.put_nowait(name)

    def _wish(self, name: Name, addresses: Addresses) -> Addresses | None:
        """Return what is to be written to an Ingress; None if nothing is."""
        status = self._source.status(Kind.INGRESS, name)
        if status is None or self._served is None:
            return None
        there = status.load_balancer.ingress
        if name in self._served:
            # No address is known yet (a load balancer in the making): wait for one.
            return addresses if addresses and in_order(there) != addresses else None
        ours, held = self._written.get(name), self._ingresses.get(name)
        if ours and held and held.metadata.uid != ours.uid:
            del self._written[name]
        elif ours and there and ours.addresses in (None, in_order(there)):
            return ()
        return None

    async def _work(self) -> None:
        while True:
            name = await self._queue.get()
            wish = self._wish(name, self.addresses)
            while wish is not None and await self._write(name, wish):
                wish = self._wish(name, self.addresses)
            self._queued.discard(name)

    async def _write(self, name: Name, wish: Addresses) -> bool:
        """Write it; return whether that was done."""
        metadata = self._condition(name)
        ingress = [_plain(address) for address in wish] or None
        change = {"metadata": metadata, "status": {"loadBalancer": {"ingress": ingress}}}
        path = INGRESSES.path(name.namespace, name.name) + "/status"
        try:
            answer = await self._client.patch(path, (("fieldManager", FIELD_MANAGER),), change)
            self._ingresses.note_status(INGRESSES.read(answer))
        except (ClusterError, msgspec.DecodeError) as error:
            self._failed(name, error)
            return False
        self._backoffs.pop(name, None)
        if not self._backoffs:
            self._told.clear()
        if wish:
            self._written[name] = _Written(metadata["uid"], wish)
        else:
            self._written.pop(name, None)
        log.info(
            Event.STATUS_PUBLISHED,
            ingress=str(name),
            addresses=[address.ip or address.hostname for address in wish],
        )
        return True

    def _condition(self, name: Name) -> dict[str, str]:
        """Say which object is meant, so that the apiserver refuses if it is another by now.

        Taken away is only what was seen: another controller may have written meanwhile.
        """
        if self._served and name in self._served:
            return {"uid": self._served[name]}
        return {
            "uid": self._written[name].uid,
            "resourceVersion": self._ingresses.statuses[name].resource_version,
        }

    def _failed(self, name: Name, error: Exception) -> None:
        what = str(error.status) if isinstance(error, Refused) else type(error).__name__
        if what not in self._told and not _is_another_by_now(error):
            self._told.add(what)
            log.warning(
                Event.STATUS_FAILED,
                ingress=str(name),
                verb="patch",
                resource="ingresses/status",
                error=str(error),
            )
        backoff = self._backoffs.setdefault(name, Backoff(self._timing.first_s))
        wait_s = backoff.next_s(self._timing.refused_cap_s)
        asyncio.get_running_loop().call_later(wait_s, self._look_at, {name})

    async def _recall(self) -> None:
        """Learn what an earlier leader wrote."""
        backoff = Backoff(self._timing.first_s)
        for namespace in self._namespaces:
            while True:
                try:
                    await self._recall_namespace(namespace)
                    break
                except (ClusterError, msgspec.DecodeError):
                    await asyncio.sleep(backoff.next_s(self._timing.refused_cap_s))
        self._look_at(set(self._written))

    async def _recall_namespace(self, namespace: str) -> None:
        more = ""
        while True:
            query = (("limit", "500"), *((("continue", more),) if more else ()))
            text = await self._client.get(INGRESSES.path(namespace), query, accept=METADATA_ONLY)
            page = msgspec.json.decode(text, type=_List)
            for item in page.items or ():
                metadata = item.metadata
                if any(
                    manager.manager == FIELD_MANAGER and manager.subresource == "status"
                    for manager in metadata.managed_fields
                ):
                    name = Name(metadata.namespace, metadata.name)
                    self._written.setdefault(name, _Written(metadata.uid, None))
            more = page.metadata.more
            if not more:
                return


def _is_another_by_now(error: Exception) -> bool:
    """Whether the object is gone, or newer than what was meant: its watch tells soon."""
    return isinstance(error, Refused) and (
        error.status in (404, 409) or (error.status == 422 and "metadata.uid" in error.message)
    )


def _plain(address: PublishedAddress) -> dict[str, str]:
    return {key: text for key, text in (("ip", address.ip), ("hostname", address.hostname)) if text}
