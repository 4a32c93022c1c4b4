"""Writes to the status of Ingresses where they are served.

Only `run` writes, so a leader election can start and cancel it. After a restart or
a change of leader, the apiserver knows from which Ingresses an address may have to be
removed: those whose status our field manager wrote last.
"""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from generator.cluster.api import Api
from generator.cluster.backoff import Backoff, Timing
from generator.cluster.correction_pacing import CorrectionPacing, WrittenStatus
from generator.cluster.errors import ClusterError, Refused
from generator.cluster.managed_statuses import FIELD_MANAGER, managed_statuses
from generator.cluster.published_addresses import (
    Addresses,
    addresses_of_service,
    in_order,
    why_without_address,
)
from generator.cluster.resources import INGRESSES
from generator.cluster.source import ClusterSource
from generator.log_events import Event
from generator.objects import Ingress, Kind, Name, PublishedAddress

AT_ONCE = 10

log = structlog.get_logger()


class StatusWriter:
    """Keeps our addresses in the status of served Ingresses, and removes them from others."""

    def __init__(  # noqa: PLR0913 - each is another part
        self,
        client: Api,
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
        self._written: dict[Name, WrittenStatus] = {}
        self._pacing = CorrectionPacing(timing)
        self._queue: asyncio.Queue[Name] = asyncio.Queue()
        self._queued: set[Name] = set()
        self._delayed: set[Name] = set()
        self._backoffs: dict[Name, Backoff] = {}
        self._logged_failures: set[str] = set()
        self._to_check: set[Name] = set()
        self._has_work = asyncio.Event()
        self._published: Addresses = ()
        self._logged_lack = ""
        self._ingresses = source.store.tables[Kind.INGRESS]

    def publish(self, served: Iterable[Ingress]) -> None:
        """Take which Ingresses are served now; return at once."""
        before, self._served = self._served, {i.name: i.metadata.uid for i in served}
        changed = {name for name, _ in (before or {}).items() ^ self._served.items()}
        for name in changed - self._served.keys():
            self._pacing.forget(name)
        self._check(changed if before is not None else changed | self._written.keys())

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recall())
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())
            tasks.create_task(self._follow_statuses())
            while True:
                await self._has_work.wait()
                self._has_work.clear()
                names, self._to_check = self._to_check, set()
                self._queue_what_differs(names)

    @property
    def addresses(self) -> Addresses:
        """Return the addresses of the Service to publish, or the fixed ones."""
        return addresses_of_service(self._source, self._service) if self._service else self._fixed

    def _check(self, names: set[Name]) -> None:
        self._to_check |= names
        self._has_work.set()

    async def _follow_statuses(self) -> None:
        while True:
            changed = await self._source.store.wait_for_changed_statuses()
            self._check({ref.name for ref in changed if ref.kind is Kind.INGRESS})

    def _queue_what_differs(self, names: set[Name]) -> None:
        addresses = self.addresses
        self._log_lack(addresses)
        if addresses != self._published:
            self._published = addresses
            names = {*names, *(self._served or ())}
        for name in names - self._queued:
            wanted = self._addresses_to_write(name, addresses)
            if wanted is None:
                continue
            if wait_s := self._pacing.wait_s(name, WrittenStatus(self._uid(name), wanted)):
                self._check_later(name, wait_s)
            else:
                self._queued.add(name)
                self._queue.put_nowait(name)

    def _log_lack(self, addresses: Addresses) -> None:
        """Say once that the status of what is served stays as it is, for want of an address."""
        if self._service is None or not self._served:
            return
        lack = "" if addresses else why_without_address(self._source, self._service)
        if lack and lack != self._logged_lack:
            log.warning(Event.STATUS_WITHOUT_ADDRESS, service=str(self._service), message=lack)
        self._logged_lack = lack

    def _check_later(self, name: Name, wait_s: float) -> None:
        if name not in self._delayed:
            self._delayed.add(name)
            asyncio.get_running_loop().call_later(wait_s, self._check_delayed, name)

    def _check_delayed(self, name: Name) -> None:
        self._delayed.discard(name)
        self._check({name})

    def _addresses_to_write(self, name: Name, addresses: Addresses) -> Addresses | None:
        """Return what to write to an Ingress; None if its status is as it should be."""
        status = self._source.status(Kind.INGRESS, name)
        if status is None or self._served is None:
            return None
        current = status.load_balancer.ingress
        if name in self._served:
            # No address is known yet (a new load balancer): wait for one.
            return addresses if addresses and in_order(current) != addresses else None
        written, held = self._written.get(name), self._ingresses.get(name)
        if written and held and held.metadata.uid != written.uid:
            del self._written[name]
        elif written and current and written.addresses in (None, in_order(current)):
            return ()
        return None

    async def _work(self) -> None:
        while True:
            name = await self._queue.get()
            wanted = self._addresses_to_write(name, self.addresses)
            is_written = wanted is not None and await self._write(name, wanted)
            self._queued.discard(name)
            if is_written:
                self._check({name})

    async def _write(self, name: Name, wanted: Addresses) -> bool:
        """Write to the status of an Ingress; return whether that succeeded."""
        uid, metadata = self._uid(name), self._precondition(name)
        ingress = [_plain(address) for address in wanted] or None
        change = {"metadata": metadata, "status": {"loadBalancer": {"ingress": ingress}}}
        path = INGRESSES.path(name.namespace, name.name) + "/status"
        try:
            answer = await self._client.patch(path, (("fieldManager", FIELD_MANAGER),), change)
            self._ingresses.note_status(INGRESSES.read(answer))
        except (ClusterError, msgspec.DecodeError) as error:
            self._note_failure(name, error)
            return False
        self._note_success(name, WrittenStatus(uid, wanted))
        log.info(
            Event.STATUS_PUBLISHED,
            ingress=str(name),
            addresses=[address.ip or address.hostname for address in wanted],
        )
        return True

    def _uid(self, name: Name) -> str:
        """Return the uid of the object that is served, or was written to."""
        if self._served and name in self._served:
            return self._served[name]
        return self._written[name].uid

    def _precondition(self, name: Name) -> dict[str, str]:
        """Return metadata that has the apiserver refuse a write to another object.

        An address is removed only from the version that was seen: another controller
        may have written meanwhile.
        """
        uid = self._uid(name)
        if self._served and name in self._served:
            return {"uid": uid}
        return {"uid": uid, "resourceVersion": self._ingresses.statuses[name].resource_version}

    def _note_success(self, name: Name, status: WrittenStatus) -> None:
        self._backoffs.pop(name, None)
        if not self._backoffs:
            self._logged_failures.clear()
        if status.addresses:
            self._written[name] = status
            self._pacing.note_write(name, status)
        else:
            self._written.pop(name, None)

    def _note_failure(self, name: Name, error: Exception) -> None:
        failure = str(error.status) if isinstance(error, Refused) else type(error).__name__
        if failure not in self._logged_failures and not _is_outdated(error):
            self._logged_failures.add(failure)
            log.warning(
                Event.STATUS_FAILED,
                ingress=str(name),
                verb="patch",
                resource="ingresses/status",
                error=str(error),
            )
        backoff = self._backoffs.setdefault(name, Backoff(self._timing.first_s))
        wait_s = backoff.next_s(self._timing.refused_cap_s)
        asyncio.get_running_loop().call_later(wait_s, self._check, {name})

    async def _recall(self) -> None:
        """Find what was written before a restart or by another leader."""
        backoff = Backoff(self._timing.first_s)
        for namespace in self._namespaces:
            while True:
                try:
                    async for name, uid in managed_statuses(self._client, namespace):
                        self._written.setdefault(name, WrittenStatus(uid, None))
                    break
                except (ClusterError, msgspec.DecodeError):
                    await asyncio.sleep(backoff.next_s(self._timing.refused_cap_s))
        self._check(set(self._written))


def _is_outdated(error: Exception) -> bool:
    """Whether the object is gone or newer than the one meant: its watch will report it."""
    return isinstance(error, Refused) and (
        error.status in (404, 409) or (error.status == 422 and "metadata.uid" in error.message)
    )


def _plain(address: PublishedAddress) -> dict[str, str]:
    return {key: text for key, text in (("ip", address.ip), ("hostname", address.hostname)) if text}
