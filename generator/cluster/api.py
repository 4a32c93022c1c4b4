"""What the parts that write to a cluster ask of a client."""

from collections.abc import Callable
from typing import Any, Protocol

from generator.cluster.client import JSON, Query
from generator.cluster.errors import NotLeading


class Api(Protocol):
    """Requests for objects; `Client` is one. All raise ClusterError."""

    async def get(self, path: str, query: Query = (), *, accept: str = JSON) -> bytes:
        """Return a page of a collection, or an object."""

    async def create(self, path: str, thing: Any) -> bytes:  # noqa: ANN401 - JSON
        """Add an object to a collection."""

    async def patch(self, path: str, query: Query, change: Any) -> bytes:  # noqa: ANN401 - JSON
        """Merge a change into an object."""


class FencedApi:
    """An Api that writes only while `may_write`; asked right before each request.

    A process that was stopped for a while learns at its first write that another leads.
    """

    def __init__(self, api: Api, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._may_write = may_write

    async def get(self, path: str, query: Query = (), *, accept: str = JSON) -> bytes:
        """Read; anybody may."""
        return await self._api.get(path, query, accept=accept)

    async def create(self, path: str, thing: Any) -> bytes:  # noqa: ANN401 - JSON
        """Add an object to a collection. Raises NotLeading."""
        self._check()
        return await self._api.create(path, thing)

    async def patch(self, path: str, query: Query, change: Any) -> bytes:  # noqa: ANN401 - JSON
        """Merge a change into an object. Raises NotLeading."""
        self._check()
        return await self._api.patch(path, query, change)

    def _check(self) -> None:
        if not self._may_write():
            raise NotLeading("Another replica may lead by now.")
