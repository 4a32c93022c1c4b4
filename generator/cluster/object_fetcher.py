"""Reads single objects into their tables, a few at a time."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any

import msgspec

from generator.cluster.client import Client
from generator.cluster.errors import ClusterError, Refused
from generator.cluster.resources import Resource, undecoded_object
from generator.cluster.store import Store
from generator.objects import ObjectRef

AT_ONCE = 50
"""Requests under way, for all namespaces."""
AT_ONCE_IN_NAMESPACE = 4
"""For each namespace: one with thousands of names does not hold up another."""


class ObjectFetcher:
    """GET requests for objects asked for by name."""

    def __init__(self, client: Client, store: Store) -> None:
        self._client = client
        self._store = store
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._slots_of: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_IN_NAMESPACE)
        )

    async def fetch(self, resource: Resource[Any], ref: ObjectRef) -> None:
        """Read one object into its table; leave it to the object's watch to log a failure."""
        table = self._store.tables[ref.kind]
        before = table.get(ref.name)
        try:
            text = await self._get(resource, ref)
        except Refused as error:
            if error.status == 404:
                table.remove(ref.name)
            return
        except ClusterError:
            return
        if table.get(ref.name) is not before:
            return  # A watch was faster, and is as new or soon will be.
        try:
            table.put(resource.read(text))
        except msgspec.DecodeError as error:
            with suppress(msgspec.DecodeError):
                table.keep(undecoded_object(text, ref.kind, error))

    async def _get(self, resource: Resource[Any], ref: ObjectRef) -> bytes:
        namespace, name = ref.name
        async with self._slots_of[namespace], self._slots:
            return await self._client.get(resource.path(namespace, name))
