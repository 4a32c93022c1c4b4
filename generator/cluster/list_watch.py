"""The requests of lists and watches, and what they answer.

Rules: Kubernetes API concepts, "Efficient detection of changes".
"""

from enum import StrEnum

import msgspec
from msgspec import Raw, Struct, field

from generator.cluster.client import Query, Status, refused
from generator.cluster.errors import InvalidResponse
from generator.cluster.resources import identity
from generator.objects import Kind, Name


class Scope(Struct, frozen=True, kw_only=True):
    """Which objects of a resource are followed."""

    namespace: str = ""
    """Empty: all."""
    fields: str = ""
    """A field selector."""

    @property
    def query(self) -> Query:
        """Return the parameters that select these objects."""
        return (("fieldSelector", self.fields),) if self.fields else ()

    def list_query(self, limit: int, next_page: str) -> Query:
        """Return the parameters of a list; `limit` 0 asks for all in one page."""
        return (
            *self.query,
            *((("limit", str(limit)),) if limit else ()),
            *((("continue", next_page),) if next_page else ()),
        )

    def watch_query(self, version: str, timeout_s: int) -> Query:
        """Return the parameters of a watch from a resourceVersion on."""
        return (
            *self.query,
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", str(timeout_s)),
        )


class _ListMetadata(Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    next_page: str = field(default="", name="continue")


class Page(Struct, frozen=True):
    """One page of a list; `metadata.next_page` is empty in the last one."""

    metadata: _ListMetadata
    kind: str = ""
    items: list[Raw] | None = None


class WatchEventType(StrEnum):
    """What a watch reports of an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    """No object: only a resourceVersion to continue from."""


class WatchEvent(Struct, frozen=True, kw_only=True):
    """One event of a watch, its object not decoded yet."""

    type: str
    """A WatchEventType, or one of a later apiserver."""
    name: Name
    resource_version: str
    object: Raw


class _Line(Struct):
    type: str
    object: Raw


_ABOUT_OBJECTS = {WatchEventType.ADDED, WatchEventType.MODIFIED, WatchEventType.DELETED}


def decode_page(text: bytes) -> Page:
    """Decode a page of a list. Raises InvalidResponse."""
    try:
        page = msgspec.json.decode(text, type=Page)
    except msgspec.DecodeError as error:
        raise InvalidResponse("A list is not one of an apiserver.") from error
    if not page.kind.endswith("List") or not page.metadata.resource_version:
        raise InvalidResponse("A list has no kind or no resourceVersion.")
    return page


def decode_watch_event(line: bytes, kind: Kind) -> WatchEvent:
    """Decode a line of a watch. Raises InvalidResponse; Refused or Expired for an ERROR event."""
    try:
        event = msgspec.json.decode(line, type=_Line)
        if event.type == "ERROR":
            status = msgspec.json.decode(event.object, type=Status)
            raise refused(status.code, status)
        ref, _, version = identity(event.object, kind)
    except msgspec.DecodeError as error:
        raise InvalidResponse("A line of the watch is not an event.") from error
    if event.type in _ABOUT_OBJECTS and not ref.name.name:
        raise InvalidResponse("An object has no name.")
    return WatchEvent(type=event.type, name=ref.name, resource_version=version, object=event.object)
