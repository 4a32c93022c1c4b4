"""From nginx's message to whom it is about. Pure."""

import re
from collections.abc import Iterator

from msgspec import Struct

from generator.loop.attempt import Attempt
from generator.model import HttpPiece, Server
from generator.nginx.markers import owner_of
from generator.nginx.render import Piece
from generator.objects import Ingress, Name
from generator.translation import Translation
from reloader.contract import Status

_FILE = re.compile(r"/files/([0-9a-f]{64})")
_HEADER_LINES = 1
"""The first line of the file is the wish's header, not part of what was rendered."""


class Blame(Struct, frozen=True, kw_only=True):
    """Where a refusal leads to."""

    file: str = ""
    """The hash of a certificate that nginx could not load."""
    culprit: Ingress | None = None
    """The Ingress that the line belongs to."""
    involved: frozenset[Name] = frozenset()
    """Those that have a part in the server or upstream of the line; empty: anyone."""


def blame(status: Status, attempt: Attempt) -> Blame:
    """Follow the file that nginx names, or the line."""
    file = named_file(status)
    if file in {c.file.digest for c in attempt.translation.certificates.values()}:
        return Blame(file=file)
    line = status.line - _HEADER_LINES
    if line < 1:
        return Blame()
    owner = owner_of(attempt.rendering.body(status.generation).decode(), line)
    culprit = attempt.snapshot.ingresses.get(owner.name) if owner else None
    if culprit is not None:
        return Blame(culprit=culprit)
    piece = attempt.rendering.piece_at(line)
    return Blame(involved=frozenset(involved(attempt.translation, piece)) if piece else frozenset())


def named_file(status: Status) -> str:
    """Return the hash of the file in files/ that the message names; empty without one."""
    found = _FILE.search(status.message)
    return found[1] if found else ""


def involved(built: Translation, piece: Piece) -> Iterator[Name]:
    """Name the Ingresses that have a part in a server or an upstream."""
    if isinstance(piece, HttpPiece):
        yield piece.owner.name
        return
    for name, contribution in built.contributions.items():
        if isinstance(piece, Server):
            hosts = (part.host for part in contribution.parts)
            if piece.host.name in hosts:
                yield name
        elif piece.name in (upstream.name for upstream in contribution.upstreams):
            yield name
