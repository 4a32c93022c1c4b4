"""What goes wrong in this room; the tree is drawn in the room's docstring."""

from generator.model import HttpPiece, Server, Upstream
from generator.objects import ObjectRef


class RenderError(Exception):
    """The configuration cannot be written."""

    piece: HttpPiece | Server | Upstream | None = None
    """The part of the model that it happened at; None for what stands around them."""


class Unwritable(RenderError):
    """A value that has no place in a configuration.

    Parsing at the edge keeps such values out of the model, so this is the last
    wall and not a way of telling users. `owner` is the Ingress that costs its
    contribution, where the value stood in a location of one.
    """

    owner: ObjectRef | None = None


class TemplateError(RenderError):
    """A template that does not compile or render; the caller keeps the last good ones."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line} {message}" if line else f"{file} {message}")
        self.file = file
        self.line = line
        self.message = message
