"""From nginx's message to what is at fault. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from generator.loop.attempt import Attempt
from generator.model import HttpPiece, Server
from generator.nginx.markers import owner_of
from generator.nginx.render import Piece
from generator.objects import Ingress, Name
from generator.translation import Translation
from generator.volume.files import named_files
from reloader.contract import Status

_HEADER_LINES = 1
"""The first line of the file is the wish's header, not part of what was rendered."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What a refusal leads to; all empty: to nothing in particular."""

    file: str = ""
    """The hash of a certificate that nginx could not load."""
    culprit: Ingress | None = None
    """The Ingress that the line belongs to."""
    candidates: frozenset[Name] = frozenset()
    """The Ingresses that share the server or upstream of the line."""


def diagnose(status: Status, attempt: Attempt) -> Diagnosis:
    """Follow the file that nginx names, or the line."""
    file = named_file(status)
    if file in {c.file.digest for c in attempt.translation.certificates.values()}:
        return Diagnosis(file=file)
    line = status.line - _HEADER_LINES
    if line < 1:
        return Diagnosis()
    owner = owner_of(attempt.rendering.text(status.generation), line)
    culprit = attempt.substituted.ingresses.get(owner.name) if owner else None
    if culprit is not None:
        return Diagnosis(culprit=culprit)
    piece = attempt.rendering.piece_at(line)
    names = participants(attempt.translation, piece) if piece else ()
    return Diagnosis(candidates=frozenset(names))


def named_file(status: Status) -> str:
    """Return the hash of the file in files/ that the message names; empty without one."""
    return next(iter(named_files(status.message)), "")


def participants(translation: Translation, piece: Piece) -> Iterator[Name]:
    """Return the names of the Ingresses that share a server or an upstream."""
    if isinstance(piece, HttpPiece):
        yield piece.owner.name
        return
    for name, contribution in translation.contributions.items():
        if isinstance(piece, Server):
            hosts = (part.host for part in contribution.parts)
            if piece.host.name in hosts:
                yield name
        elif piece.name in (upstream.name for upstream in contribution.upstreams):
            yield name
