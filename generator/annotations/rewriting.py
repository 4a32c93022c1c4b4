"""Paths as regular expressions, and paths that change on their way."""

from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Feature, Scope, Values
from generator.directives import Directive, Expression, Regex, Word
from generator.effects import InLocation, Phase
from generator.values.expressions import rewrite_target
from generator.values.scalars import boolean

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


def _is_expression(values: Values, path: str) -> bool:
    return values[USE_REGEX] or _target(values, path) is not None


def _target(values: Values, path: str) -> Expression | None:
    """Return what the path becomes; as in ingress-nginx, a path that becomes itself stays."""
    target = values[REWRITE_TARGET]
    return None if target and target.text == path else target


def _rewrite(values: Values, path: str, pattern: Regex) -> Iterator[InLocation]:
    if target := _target(values, path):
        rewrite = Directive("rewrite", (pattern, target, Word("break")))
        yield InLocation(phase=Phase.REWRITE, statements=(rewrite,))


FEATURE = Feature(
    title="Paths as regular expressions, and paths that change on their way",
    annotations=(USE_REGEX, REWRITE_TARGET),
    path_effects=_rewrite,
    is_expression=_is_expression,
)
