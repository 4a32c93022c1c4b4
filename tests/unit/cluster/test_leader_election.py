"""Several candidates for one Lease, each with a clock of its own."""

import asyncio
import datetime as dt
import json
from contextlib import asynccontextmanager, suppress

import pytest

from generator.cluster.api import FencedApi
from generator.cluster.errors import NotLeading, Refused, Unreachable
from generator.cluster.leader_election import ElectionTiming, LeaderElection
from generator.cluster.lease import LeaseApi
from generator.objects import Name
from tests.unit.cluster.samples import until

LEASE = Name("pillion", "pillion-leader")
TIMING = ElectionTiming(lease_s=2, renew_deadline_s=1.2, retry_s=0.02)


class Leases:
    """One Lease, as an apiserver keeps it: only its newest version is replaced."""

    def __init__(self):
        self.lease = None
        self.version = 0
        self.fault = None

    @property
    def holder(self):
        return self.lease["spec"]["holderIdentity"] if self.lease else ""

    async def get(self, *_, **__):
        await self._asked()
        if self.lease is None:
            raise Refused(404, "not found")
        return json.dumps(self.lease).encode()

    async def create(self, _, thing):
        await self._asked()
        if self.lease:
            raise Refused(409, "exists")
        return self._put(thing["spec"])

    async def patch(self, _, __, change):
        await self._asked()
        if change["metadata"]["resourceVersion"] != str(self.version):
            raise Refused(409, "conflict")
        return self._put(change["spec"])

    async def _asked(self):
        await asyncio.sleep(0)
        if self.fault:
            raise self.fault

    def _put(self, spec):
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}
        return json.dumps(self.lease).encode()


class Replica:
    """A candidate that can lose its way to the apiserver, and whose process can be stopped."""

    def __init__(self, name, leases, skew_s=0.0):
        self.name, self.leases = name, leases
        self.skew_s = skew_s
        self.fault = None
        self.leads = False
        self.terms = 0
        now = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=skew_s)  # noqa: E731
        self.election = LeaderElection(LeaseApi(self, LEASE, now), name, TIMING, self._clock)

    def _clock(self):
        return asyncio.get_running_loop().time() + self.skew_s

    async def get(self, *args, **kwargs):
        return await self._ask(self.leases.get, *args, **kwargs)

    async def create(self, *args):
        return await self._ask(self.leases.create, *args)

    async def patch(self, *args):
        return await self._ask(self.leases.patch, *args)

    async def _ask(self, request, *args, **kwargs):
        if self.fault:
            raise self.fault
        return await request(*args, **kwargs)

    async def lead(self):
        self.leads = True
        self.terms += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.leads = False

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.election.run(self.lead))
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def test_who_comes_first_leads_and_another_follows_when_it_ends():
    async def scene():
        leases = Leases()
        one, two = Replica("one", leases), Replica("two", leases)
        async with two.running():
            await until(lambda: two.leads)
            async with one.running():
                await asyncio.sleep(5 * TIMING.retry_s)
                assert (one.leads, leases.holder) == (False, "two")
        assert leases.holder == ""
        async with one.running():
            await until(lambda: one.leads, within_s=TIMING.lease_s / 2)
        assert leases.lease["spec"]["leaseTransitions"] >= 1

    asyncio.run(scene())


def test_who_cannot_renew_stops_before_another_begins_whatever_their_clocks_say():
    async def scene():
        leases = Leases()
        one, two = Replica("one", leases, skew_s=3600), Replica("two", leases, skew_s=-7200)
        async with one.running(), two.running():
            await until(lambda: one.leads or two.leads)
            leader, other = (one, two) if one.leads else (two, one)
            leader.fault = Unreachable("gone")
            seen = []
            await until(lambda: seen.append((leader.leads, other.leads)) or other.leads)
            assert (True, True) not in seen
            assert (False, False) in seen

    asyncio.run(scene())


def test_an_apiserver_that_is_away_ends_no_term_until_the_deadline():
    async def scene():
        leases = Leases()
        one = Replica("one", leases)
        async with one.running():
            await until(lambda: one.leads)
            leases.fault = Refused(500, "etcd elects")
            await asyncio.sleep(10 * TIMING.retry_s)
            leases.fault = None
            await until(lambda: leases.version > 3)
            assert (one.leads, one.terms) == (True, 1)

    asyncio.run(scene())


def test_the_same_replica_started_again_leads_at_once():
    async def scene():
        leases = Leases()
        await leases.create("", {"spec": LeaseSpecs.held("one")})
        one, two = Replica("one", leases), Replica("two", leases)
        async with two.running(), one.running():
            await until(lambda: one.leads)
            assert not two.leads

    asyncio.run(scene())


class LeaseSpecs:
    @staticmethod
    def held(by, seconds=60):
        return {"holderIdentity": by, "leaseDurationSeconds": seconds, "leaseTransitions": 7}


@pytest.mark.parametrize("spec", [{}, {"holderIdentity": None}, LeaseSpecs.held("", 1)])
def test_a_lease_that_nobody_holds_is_taken(spec):
    async def scene():
        leases = Leases()
        await leases.create("", {"spec": spec})
        async with Replica("one", leases).running() as one:
            await until(lambda: one.leads)
            assert leases.holder == "one"

    asyncio.run(scene())


def test_a_lease_that_is_deleted_is_made_again():
    async def scene():
        leases = Leases()
        async with Replica("one", leases).running() as one:
            await until(lambda: one.leads)
            leases.lease = None
            await until(lambda: leases.holder == "one")

    asyncio.run(scene())


def test_a_stopped_leader_writes_nothing_when_it_wakes():
    async def scene():
        leases, writes = Leases(), Leases()
        one = Replica("one", leases)
        fenced = FencedApi(writes, one.election.is_leading)
        async with one.running():
            await until(lambda: one.leads)
            await fenced.create("", {"spec": {}})
            one.skew_s += TIMING.renew_deadline_s  # the clock went on while the process did not
            with pytest.raises(NotLeading):
                await fenced.patch("", (), {})
            with pytest.raises(NotLeading):
                await fenced.create("", {})
            assert await fenced.get("")

    asyncio.run(scene())
