"""Model to text. Costs grow with what changed since the last render.

Servers and upstreams are remembered by identity, since `translate` gives the very same
object where nothing changed. So is what stands around them, by the settings that it is made of.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from generator.directives import File
from generator.model import HttpPiece, HttpSettings, Model, Pool, Server, Upstream
from generator.nginx import pools, quoting, sizing, views
from generator.nginx.errors import RenderError, TemplateError, Unwritable
from generator.nginx.jinja import TemplateSet, indent
from generator.nginx.pools import EndpointsView
from generator.nginx.sizing import Sizes, sizes
from generator.nginx.surroundings import Surroundings

T = TypeVar("T")

_GENERATION = quoting.placeholder("generation")
_UPSTREAMS = quoting.placeholder("upstreams")
_SERVERS = quoting.placeholder("servers")
_PIECES = quoting.placeholder("pieces")
_PLACE = f"({_PIECES}|{_UPSTREAMS}|{_SERVERS})"
_PLACES = re.compile(_PLACE)
_MARGIN = re.compile(rf"^ *{_PLACE}\n", re.MULTILINE)


Piece = HttpPiece | Server | Upstream


class Rendering(Struct, frozen=True, eq=False):
    """A configuration but for its generation number.

    Equal ones serve the same, but for the endpoints, which are not in the text.
    """

    before: str
    after: str
    frame: str
    """With a mark where the pieces stand, the upstreams, and the servers."""
    pieces: tuple[tuple[HttpPiece, str], ...]
    upstreams: tuple[tuple[Upstream, str], ...]
    servers: tuple[tuple[Server, str], ...]
    pools: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = MappingProxyType({})
    """Of the upstreams that take them without a reload, by their names."""
    programs: tuple[File, ...] = ()
    """What it has nginx run, as files of the volume."""

    def __eq__(self, other: object) -> bool:
        """Compare the text; it decides what is served."""
        if not isinstance(other, Rendering):
            return NotImplemented
        return self.before == other.before and self.after == other.after

    def __ne__(self, other: object) -> bool:
        """Go with equality; msgspec's own would compare identity."""
        return not self == other

    def __hash__(self) -> int:
        """Go with equality."""
        return hash((self.before, self.after))

    def text(self, generation: int) -> str:
        """Return all that comes after the header line of a wish."""
        return f"{self.before}{generation}{self.after}"

    @property
    def size(self) -> int:
        """Return how long the text is, in characters: about its bytes."""
        return len(self.before) + len(self.after)

    def body(self, generation: int) -> bytes:
        """Return the same as bytes."""
        return self.text(generation).encode()

    def piece_at(self, line: int) -> Piece | None:
        """Return the server or upstream that line number `line` (from 1) of the body belongs to."""
        left = line
        for piece, text in self._parts():
            left -= text.count("\n")
            if left <= 0:
                return piece
        return None

    def _parts(self) -> Iterator[tuple[Piece | None, str]]:
        placed: dict[str, tuple[tuple[Piece | None, str], ...]] = {
            _PIECES: self.pieces,
            _UPSTREAMS: (*((None, text) for text in self.pools), *self.upstreams),
            _SERVERS: self.servers,
        }
        for text in _PLACES.split(self.frame):
            yield from placed.get(text, ((None, text),))


class Fragments:
    """The texts of the last render, and of what they were made. Keeps nothing unused."""

    def __init__(self) -> None:
        self._scope: object = None
        self._known: dict[int, tuple[object, str]] = {}

    def of(
        self, objects: Sequence[T], scope: object, make: Callable[[T], str], *, keep: bool = False
    ) -> list[str]:
        """Return the text of each object; made anew where the object or the scope is new.

        With `keep`, texts of other objects stay known too.
        """
        known = self._known if scope == self._scope else {}
        texts = [known[id(o)][1] if id(o) in known else make(o) for o in objects]
        # The objects are kept too, so that no other can come by the id of one.
        now: dict[int, tuple[object, str]] = {
            id(o): (o, text) for o, text in zip(objects, texts, strict=True)
        }
        self._known = {**known, **now} if keep else now
        self._scope = scope
        return texts


class Memo:
    """What one render leaves to the next; make one and pass it to every render."""

    def __init__(self) -> None:
        self.frame = Fragments()
        self.pieces = Fragments()
        self.endpoints = Fragments()
        self.upstreams = Fragments()
        self.servers = Fragments()
        self.whole: tuple[Model, tuple[object, ...], Rendering] | None = None


def render(
    model: Model,
    surroundings: Surroundings,
    templates: TemplateSet,
    memo: Memo,
    *,
    keep: bool = False,
) -> Rendering:
    """Write the configuration of a model; that of the very same model is the same object.

    Raises Unwritable for a value that parsing should have refused, with its owner;
    TemplateError for a template that does not render, with file and line. With `keep` the
    memo keeps what this model, a part of another, does not have.
    """
    inputs = (surroundings, templates)
    if memo.whole is None or memo.whole[0] is not model or memo.whole[1] != inputs:
        memo.whole = None
        memo.whole = (model, inputs, _render(model, surroundings, templates, memo, keep=keep))
    return memo.whole[2]


def _render(
    model: Model,
    surroundings: Surroundings,
    templates: TemplateSet,
    memo: Memo,
    *,
    keep: bool,
) -> Rendering:
    taken = pools.are_taken(surroundings.capabilities, templates)
    if not taken:
        surroundings = surroundings.without_lua()

    def frame(settings: HttpSettings) -> str:
        return _frame(needed, view, settings, surroundings, templates)

    def written(name: str, **shown: object) -> str:
        return indent(templates.render(name, surroundings=place, **shown), 4)

    def piece(piece: HttpPiece) -> str:
        with _naming(piece):
            return written("piece.j2", piece=views.piece(piece))

    def upstream(upstream: Upstream) -> str:
        with _naming(upstream):
            view = views.upstream(upstream, upstream_lines)
            return written("upstream.j2", upstream=view)

    def pool(pool: tuple[Pool, int]) -> str:
        return written("pool.j2", pool=views.pool(*pool, settings))

    def server(server: Server) -> str:
        with _naming(server):
            view = views.server(server, place, settings, model.default_certificate)
            return written("server.j2", server=view)

    settings = model.settings
    # Whether all is there is for the frame alone; else each server would be written anew.
    place = replace(surroundings, is_whole=True)
    upstream_lines = tuple(quoting.lines(settings.upstream))
    scope = (place, templates, settings)
    parts = pools.split(model, taken=taken)
    lines = memo.endpoints.of(parts.pooled, None, pools.line, keep=keep)
    view = _endpoints(lines, surroundings, templates) if taken else None
    needed = sizes(model.servers, parts.static)
    (around,) = memo.frame.of([settings], (surroundings, *scope, needed, view), frame)
    pieces = memo.pieces.of(model.pieces, scope, piece, keep=keep)
    pooled = [pool(each) for each in parts.pools]
    upstreams = memo.upstreams.of(parts.static, scope, upstream, keep=keep)
    by_certificate = (*scope, model.default_certificate)
    servers = memo.servers.of(model.servers, by_certificate, server, keep=keep)
    before, after = around.split(_GENERATION)
    placed: dict[str, list[str]] = {
        _PIECES: pieces,
        _UPSTREAMS: pooled + upstreams,
        _SERVERS: servers,
    }
    return Rendering(
        _filled(before, placed),
        _filled(after, placed),
        frame=around,
        pieces=tuple(zip(model.pieces, pieces, strict=True)),
        pools=tuple(pooled),
        upstreams=tuple(zip(parts.static, upstreams, strict=True)),
        servers=tuple(zip(model.servers, servers, strict=True)),
        endpoints=pools.lines(parts.pooled, lines),
        programs=(templates.program,) if taken else (),
    )


def _endpoints(
    lines: Sequence[str], surroundings: Surroundings, templates: TemplateSet
) -> EndpointsView:
    return EndpointsView(
        memory=sizing.dictionary(lines),
        program=pools.program_path(surroundings.files, templates.program),
    )


def _filled(frame: str, placed: Mapping[str, list[str]]) -> str:
    """Put texts in the places of their marks."""
    texts: list[str] = []
    for part in _PLACES.split(frame):
        texts += placed.get(part, (part,))
    return "".join(texts)


@contextmanager
def _naming(piece: Piece) -> Iterator[None]:
    """Make an error, or a bug, name the part of the model that it happened at."""
    try:
        yield
    except RenderError as error:
        error.piece = piece
        raise
    except Exception as error:
        unwritable = Unwritable(str(error) or repr(error))
        unwritable.piece = piece
        raise unwritable from error


def _frame(
    needed: Sizes,
    endpoints: EndpointsView | None,
    settings: HttpSettings,
    surroundings: Surroundings,
    templates: TemplateSet,
) -> str:
    """Render what stands around servers and upstreams, with a mark in each of their places."""
    text = templates.render(
        "nginx.j2",
        surroundings=surroundings,
        resolvers=views.resolvers(surroundings),
        http=views.http(settings, surroundings.capabilities),
        sizes=needed,
        endpoints=endpoints,
        generation=_GENERATION,
        pieces=_PIECES,
        upstreams=_UPSTREAMS,
        servers=_SERVERS,
    )
    for place in (_GENERATION, _PIECES, _UPSTREAMS, _SERVERS):
        if text.count(place) != 1:
            name = place.strip("\0")
            message = f"{{{{ {name} }}}} has to be written once, not {text.count(place)} times."
            raise TemplateError(templates.templates["nginx.j2"].file, 0, message)
    return _MARGIN.sub(r"\1", text)
