"""Elects one of several replicas to write to the cluster, by a Lease.

The rules are those of client-go's `leaderelection`: a Lease that somebody else holds is taken
when nobody was seen to renew it for as long as it says, by the clock of who waits; who holds
it leads until it could not be renewed for `renew_deadline_s`, which is shorter. So two never
lead at once, whatever their clocks say.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from generator.cluster.errors import ClusterError, Refused, Unreachable
from generator.cluster.lease import Lease, LeaseApi
from generator.log_events import Event

_LONGEST_LEASE_S = 300
"""What is believed of a Lease that somebody else wrote."""
_RELEASE_S = 2.0
"""How long to try to give it back at the end."""

log = structlog.get_logger()


class ElectionTiming(Struct, frozen=True, kw_only=True):
    """How long a Lease holds, and what follows from it."""

    lease_s: int
    renew_deadline_s: float
    """Who could not renew it for so long leads no more."""
    retry_s: float
    """Between two tries to renew or to take it."""

    @classmethod
    def of(cls, lease_s: int) -> "ElectionTiming":
        """Leave a third of the Lease between the end of one leader and the next."""
        return cls(lease_s=lease_s, renew_deadline_s=lease_s * 2 / 3, retry_s=lease_s / 8)


class LeaderElection:
    """One candidate. `is_leading` is true only while nobody else can be the leader."""

    def __init__(
        self,
        leases: LeaseApi,
        identity: str,
        timing: ElectionTiming,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._lease: Lease | None = None
        self._seen_at_s = 0.0
        self._leads_until_s = float("-inf")
        self._leader = ""
        self._told = ""

    def is_leading(self) -> bool:
        """Whether this candidate leads now, by its own clock alone."""
        return self._clock() < self._leads_until_s

    async def run(self, lead: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `lead` whenever elected, and cancel it when that ends; until cancelled itself."""
        try:
            while True:
                await self._wait_for_election()
                log.info(Event.LEADER_ELECTED, lease=str(self._leases.name), me=self._identity)
                await self._lead(lead)
                log.warning(Event.LEADER_LOST, lease=str(self._leases.name), me=self._identity)
        finally:
            await self._release()

    async def _wait_for_election(self) -> None:
        while not await self._try():  # noqa: ASYNC110 - polls
            await asyncio.sleep(self._timing.retry_s)

    async def _lead(self, lead: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            leading = tasks.create_task(lead())
            while self.is_leading():
                await asyncio.sleep(self._timing.retry_s)
                if self.is_leading():
                    await self._try()
            leading.cancel()

    async def _try(self) -> bool:
        """Take or renew the Lease if that is possible now; return whether this one leads."""
        began_s = self._clock()
        left_s = self._leads_until_s - began_s
        limit_s = left_s if left_s > 0 else self._timing.renew_deadline_s
        try:
            async with asyncio.timeout(limit_s):
                is_held = await self._hold()
        except (ClusterError, msgspec.DecodeError, TimeoutError) as error:
            self._note_failure(error)
            return False
        self._told = ""
        self._leads_until_s = began_s + self._timing.renew_deadline_s if is_held else float("-inf")
        return is_held

    async def _hold(self) -> bool:
        if self._lease and self.is_leading() and await self._take(self._lease):
            return True
        try:
            lease = await self._look()
        except Refused as error:
            if error.status != 404:
                raise
            return await self._write(self._leases.create(self._identity, self._timing.lease_s))
        if lease.holder not in ("", self._identity) and not self._has_ended(lease):
            self._note_leader(lease.holder)
            return False
        return await self._take(lease)

    async def _look(self) -> Lease:
        found = await self._leases.read()
        if self._lease is None or found.spec != self._lease.spec:
            self._seen_at_s = self._clock()
        self._lease = found
        return found

    def _has_ended(self, lease: Lease) -> bool:
        said_s = lease.spec.lease_duration_seconds or self._timing.lease_s
        return self._clock() >= self._seen_at_s + min(said_s, _LONGEST_LEASE_S)

    async def _take(self, seen: Lease) -> bool:
        return await self._write(self._leases.take(seen, self._identity, self._timing.lease_s))

    async def _write(self, request: Awaitable[Lease]) -> bool:
        """Return whether it was written; not where another was faster."""
        try:
            self._lease = await request
        except Refused as error:
            if error.status != 409:
                raise
            return False
        self._leader = self._identity
        return True

    async def _release(self) -> None:
        """Give the Lease back, so that nobody has to wait until it ends."""
        if self._lease and self.is_leading():
            self._leads_until_s = float("-inf")
            with suppress(ClusterError, msgspec.DecodeError, TimeoutError):
                async with asyncio.timeout(_RELEASE_S):
                    await self._leases.take(self._lease, "", 1)

    def _note_leader(self, leader: str) -> None:
        if leader != self._leader:
            self._leader = leader
            log.info(Event.LEADER_SEEN, lease=str(self._leases.name), leader=leader)

    def _note_failure(self, error: Exception) -> None:
        """Log a refusal once; that nobody answers is the client's to log."""
        told = f"{error.status}" if isinstance(error, Refused) else type(error).__name__
        if told == self._told or isinstance(error, Unreachable | TimeoutError):
            return
        self._told = told
        log.error(
            Event.LEADER_ELECTION_FAILED,
            lease=str(self._leases.name),
            verb="get, create and patch",
            resource="leases",
            group="coordination.k8s.io",
            error=str(error),
        )
