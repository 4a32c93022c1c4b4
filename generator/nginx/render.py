"""Model to text. Costs grow with what changed since the last render.

Servers and upstreams are remembered by identity, since `build` gives the very same
object where nothing changed. What stands around them is one more fragment.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from generator.model import Model, Server, Upstream
from generator.nginx import quoting, views
from generator.nginx.environment import Environment
from generator.nginx.errors import TemplateError
from generator.nginx.sizing import Sizes, sizes
from generator.nginx.templates import TemplateSet, indent

T = TypeVar("T")

_GENERATION = quoting.placeholder("generation")
_UPSTREAMS = quoting.placeholder("upstreams")
_SERVERS = quoting.placeholder("servers")
_MARGIN = re.compile(r"^ *(\0(?:upstreams|servers)\0)\n", re.MULTILINE)


class Rendering(Struct, frozen=True):
    """A configuration but for its generation number: equal ones serve the same."""

    before: str
    after: str

    def body(self, generation: int) -> bytes:
        """Give all bytes after the header line of a wish."""
        return f"{self.before}{generation}{self.after}".encode()


class Fragments:
    """The texts of the last render, and of what they were made. Keeps nothing unused."""

    def __init__(self) -> None:
        self._scope: object = None
        self._known: dict[int, tuple[object, str]] = {}

    def of(self, objects: Sequence[T], scope: object, make: Callable[[T], str]) -> list[str]:
        """Give the text of each object; made anew where the object or the scope is new."""
        known = self._known if scope == self._scope else {}
        texts = [known[id(o)][1] if id(o) in known else make(o) for o in objects]
        # The objects are kept too, so that no other can come by the id of one.
        self._known = {id(o): (o, text) for o, text in zip(objects, texts, strict=True)}
        self._scope = scope
        return texts


class Memo:
    """What one render leaves to the next; make one and pass it to every render."""

    def __init__(self) -> None:
        self.frame = Fragments()
        self.upstreams = Fragments()
        self.servers = Fragments()


def render(model: Model, environment: Environment, templates: TemplateSet, memo: Memo) -> Rendering:
    """Write the configuration of a model.

    Raises Unwritable for a value that parsing should have refused, with its owner;
    TemplateError for a template that does not render, with file and line.
    """

    def frame(needed: Sizes) -> str:
        return _frame(needed, environment, templates)

    def upstream(upstream: Upstream) -> str:
        view = views.upstream(upstream)
        return _indented(templates.render("upstream.j2", upstream=view, environment=environment))

    def server(server: Server) -> str:
        view = views.server(server, environment, model.default_certificate)
        return _indented(templates.render("server.j2", server=view, environment=environment))

    scope = (environment, templates)
    needed = sizes(model.servers, model.upstreams)
    (text,) = memo.frame.of([needed], (*scope, needed), frame)
    for place, texts in (
        (_UPSTREAMS, memo.upstreams.of(model.upstreams, scope, upstream)),
        (_SERVERS, memo.servers.of(model.servers, (*scope, model.default_certificate), server)),
    ):
        text = text.replace(place, "".join(texts))
    before, after = text.split(_GENERATION)
    return Rendering(before, after)


def _frame(needed: Sizes, environment: Environment, templates: TemplateSet) -> str:
    """Render what stands around servers and upstreams, with a mark in each of their places."""
    text = templates.render(
        "nginx.j2",
        environment=environment,
        resolvers=views.resolvers(environment),
        hsts=views.hsts(environment.http),
        sizes=needed,
        generation=_GENERATION,
        upstreams=_UPSTREAMS,
        servers=_SERVERS,
    )
    for place in (_GENERATION, _UPSTREAMS, _SERVERS):
        if text.count(place) != 1:
            name = place.strip("\0")
            message = f"{{{{ {name} }}}} has to be written once, not {text.count(place)} times."
            raise TemplateError(templates.templates["nginx.j2"].file, 0, message)
    return _MARGIN.sub(r"\1", text)


def _indented(text: str) -> str:
    return indent(text, 4)
