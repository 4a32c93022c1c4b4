"""From paths of rules to what nginx compares. Rules: Ingress, "Path types"."""

import re

from msgspec import Struct
from msgspec.structs import replace

from generator.annotations.declaration import Invalid
from generator.annotations.values import regex as checked_regex
from generator.model import Handler, Match, Regex, Rewrite, Word
from generator.objects import ObjectRef, PathType
from generator.problems import Code, Problem, Severity, shown

_LONGEST_PATH = 1000
_TEXT = re.compile(r"/[^\x00-\x20\x7f]*")


class PathRule(Struct, frozen=True, kw_only=True):
    """One path of one Ingress and what becomes of its requests."""

    path: str
    type: PathType
    regex: bool
    """Whether its own Ingress says that it is a regular expression."""
    field: str
    handler: Handler

    def pattern(self) -> Regex:
        """Give the path as a regular expression: as it is, or literally."""
        return Regex("^" + (self.path if self.regex else re.escape(self.path)))

    def with_rewrite(self, rewrite: Rewrite) -> "PathRule":
        """Give the same rule with its requests rewritten."""
        return replace(self, handler=replace(self.handler, rewrite=rewrite))


Matcher = tuple[Match, Word | Regex]


def matchers(rule: PathRule, *, regex: bool) -> tuple[Matcher, ...]:
    """Say what nginx compares for a rule; `regex`: the whole host is made of expressions."""
    if regex or rule.regex:
        return ((Match.REGEX, rule.pattern()),)
    if rule.type is PathType.EXACT:
        return ((Match.EXACT, Word(rule.path)),)
    if rule.type is PathType.IMPLEMENTATION_SPECIFIC or rule.path == "/":
        return ((Match.PREFIX, Word(rule.path)),)
    # By path element: nginx itself would answer /foo with a 301 to /foo/.
    element = rule.path.rstrip("/")
    return (
        ((Match.EXACT, Word(element)), (Match.PREFIX, Word(element + "/")))
        if element
        else ((Match.PREFIX, Word("/")),)
    )


def invalid_path(path: str, owner: ObjectRef, field: str, *, regex: bool) -> Problem | None:
    """Say what is wrong with a path, if anything is."""
    try:
        _check(path, regex=regex)
    except Invalid as invalid:
        return Problem(
            object=owner,
            field=field,
            code=Code.PATH_INVALID,
            severity=Severity.ERROR,
            message=f"{shown(path)} is not {invalid.expected}.",
            hint=f"{invalid.hint} Meanwhile: this path is left out.",
        )
    return None


def _check(path: str, *, regex: bool) -> None:
    if not _TEXT.fullmatch(path):
        raise Invalid("a path", "Begin with a slash, and leave out blanks and control characters.")
    if len(path) > _LONGEST_PATH:
        raise Invalid(f"at most {_LONGEST_PATH} characters long", "Shorten it.")
    if regex:
        checked_regex("^" + path)
