"""Finds the Ingresses whose status our field manager wrote last.

So addresses that were written before a restart, or by an earlier leader, can be removed.
"""

from collections.abc import AsyncIterator

import msgspec
from msgspec import Struct

from generator.cluster.api import Api
from generator.cluster.client import METADATA_ONLY
from generator.cluster.list_watch import Scope
from generator.cluster.resources import INGRESSES
from generator.objects import Name

FIELD_MANAGER = "pillion"
PAGE = 500


class _ManagedFields(Struct, frozen=True):
    manager: str = ""
    subresource: str = ""


class _Metadata(Struct, frozen=True, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    managed_fields: tuple[_ManagedFields, ...] = ()


class _Item(Struct, frozen=True):
    metadata: _Metadata


class _ListMetadata(Struct, frozen=True):
    next_page: str = msgspec.field(default="", name="continue")


class _List(Struct, frozen=True):
    metadata: _ListMetadata
    items: tuple[_Item, ...] | None = ()


async def managed_statuses(client: Api, namespace: str) -> AsyncIterator[tuple[Name, str]]:
    """Yield name and uid of each; an empty namespace stands for all.

    Raises ClusterError, msgspec.DecodeError.
    """
    path, next_page = INGRESSES.path(namespace), ""
    while True:
        query = Scope().list_query(PAGE, next_page)
        page = msgspec.json.decode(await client.get(path, query, accept=METADATA_ONLY), type=_List)
        for item in page.items or ():
            if _is_ours(item.metadata):
                yield Name(item.metadata.namespace, item.metadata.name), item.metadata.uid
        next_page = page.metadata.next_page
        if not next_page:
            return


def _is_ours(metadata: _Metadata) -> bool:
    return any(
        fields.manager == FIELD_MANAGER and fields.subresource == "status"
        for fields in metadata.managed_fields
    )
