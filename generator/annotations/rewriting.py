"""Paths as regular expressions, and paths that change on their way."""

from generator.annotations.declaration import Annotation, Scope
from generator.annotations.values import boolean, rewrite_target
from generator.model import Expression

USE_REGEX = Annotation[bool](
    name="use-regex",
    parse=boolean,
    default=False,
    scope=Scope.HOST,
    doc="Paths are regular expressions, without case, from the start of the path. "
    "In compatibility mode for every path of the host.",
)

REWRITE_TARGET = Annotation[Expression | None](
    name="rewrite-target",
    parse=rewrite_target,
    default=None,
    scope=Scope.HOST,
    doc="What the matched path becomes; $1 and so on are its captures. Implies use-regex.",
)
