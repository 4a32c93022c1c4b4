"""A Lease of the cluster, as leader election reads and writes it.

Only the holder's own clock says how long a Lease holds: times in it are for people, since
clocks of different nodes differ.
"""

import datetime as dt
from collections.abc import Callable

import msgspec
from msgspec import Struct

from generator.cluster.api import Api
from generator.objects import Name

_ROOT = "/apis/coordination.k8s.io/v1"


class LeaseSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who holds a Lease, and since when."""

    holder_identity: str | None = ""
    """Empty: it was given back."""
    lease_duration_seconds: int | None = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = 0


class _Metadata(Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class Lease(Struct, frozen=True, kw_only=True):
    """One version of a Lease."""

    metadata: _Metadata
    spec: LeaseSpec = LeaseSpec()

    @property
    def holder(self) -> str:
        """Who holds it; empty: nobody."""
        return self.spec.holder_identity or ""


class LeaseApi:
    """Requests for one Lease. All raise ClusterError and msgspec.DecodeError."""

    def __init__(
        self,
        client: Api,
        name: Name,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.name = name
        self._client = client
        self._now = now
        self._collection = f"{_ROOT}/namespaces/{name.namespace}/leases"

    async def read(self) -> Lease:
        """Return its newest version."""
        return _decoded(await self._client.get(f"{self._collection}/{self.name.name}"))

    async def create(self, holder: str, duration_s: int) -> Lease:
        """Make it, held by `holder`. Raises Refused with 409 where another was faster."""
        now = self._timestamp()
        spec = LeaseSpec(
            holder_identity=holder,
            lease_duration_seconds=duration_s,
            acquire_time=now,
            renew_time=now,
        )
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name.name, "namespace": self.name.namespace},
            "spec": msgspec.to_builtins(spec),
        }
        return _decoded(await self._client.create(self._collection, body))

    async def take(self, seen: Lease, holder: str, duration_s: int) -> Lease:
        """Take it, or renew it where `holder` has it. Raises Refused with 409 unless `seen` is new.

        Empty `holder`: give it back.
        """
        now = self._timestamp()
        is_same = seen.holder == holder
        spec = LeaseSpec(
            holder_identity=holder,
            lease_duration_seconds=duration_s,
            acquire_time=seen.spec.acquire_time if is_same else now,
            renew_time=now,
            lease_transitions=(seen.spec.lease_transitions or 0) + (not is_same),
        )
        change = {
            "metadata": {"resourceVersion": seen.metadata.resource_version},
            "spec": msgspec.to_builtins(spec),
        }
        path = f"{self._collection}/{self.name.name}"
        return _decoded(await self._client.patch(path, (), change))

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _decoded(text: bytes) -> Lease:
    return msgspec.json.decode(text, type=Lease)
