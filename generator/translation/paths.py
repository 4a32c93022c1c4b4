"""From paths of rules to what nginx compares. Rules: Ingress, "Path types"."""

import re

from msgspec import Struct

from generator import problems
from generator.directives import Regex, Word
from generator.model import Match
from generator.objects import HTTPPath, ObjectRef, PathType
from generator.problems import Code, Problem, shown
from generator.translation.routes import Route
from generator.values.invalid import Invalid
from generator.values.regexes import regex as checked_regex

_LONGEST_PATH = 1000
"""Bytes. Quoting may take four for each of them, and nginx reads tokens below 4,096."""
_MOST_DOLLARS = 100
"""Each takes 17 bytes where nginx would look for variables."""
_NEVER_ASKED = re.compile(r"//|/\.\.?(/|$)|%2f", re.IGNORECASE)
"""nginx resolves these before it compares; an apiserver refuses them."""

_LIMIT = "(*LIMIT_MATCH=100000)"
"""3 ms of a worker for a request, answered 500 then; PCRE's own limit is 250 ms."""
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]")
_UNLIMITED = re.compile(r"[*+]|\{[0-9]+,\}")


class PathRule(Struct, frozen=True, kw_only=True):
    """One path of one Ingress and what becomes of its requests."""

    path: str
    type: PathType
    regex: bool
    """Whether its own Ingress says that it is a regular expression."""
    field: str
    route: Route

    def pattern(self) -> Regex:
        """Return the path as a regular expression: as it is, or literally.

        Without `regex` it is compared so because of another Ingress of the host; then a
        path of type ImplementationSpecific is an expression too, as in ingress-nginx.
        """
        return Regex(f"{self._limit()}^{self._expression()}")

    def _expression(self) -> str:
        return self.path if self._is_expression() else re.escape(self.path)

    def _is_expression(self) -> bool:
        return self.regex or (
            self.type is PathType.IMPLEMENTATION_SPECIFIC and _compiles(self.path)
        )

    def _limit(self) -> str:
        return _LIMIT if self._is_expression() and may_take_long(self.path) else ""

    def matched(self) -> Regex:
        """Return the expression that matches what the path matches, in upper or lower case.

        For directives that compare paths with case, such as `rewrite`.
        """
        return Regex(f"{self._limit()}(?i)^{self._expression()}")


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


def invalid_path(path: HTTPPath, owner: ObjectRef, field: str, *, regex: bool) -> Problem | None:
    """Say what is wrong with a path, if anything is."""
    try:
        _check(path.path or "/", path.path_type, regex=regex)
    except Invalid as invalid:
        message = f"{shown(path.path)} is not {invalid.expected}."
        return problems.error(
            owner,
            field,
            Code.PATH_INVALID,
            message,
            invalid.hint,
            meanwhile="this path is left out",
        )
    return None


def _check(path: str, type_: PathType, *, regex: bool) -> None:
    if not path.startswith("/") or not path.isprintable() or " " in path:
        raise Invalid("a path", "Begin with a slash, and leave out blanks and control characters.")
    if len(path.encode()) > _LONGEST_PATH or path.count("$") > _MOST_DOLLARS:
        raise Invalid(
            f"a path of at most {_LONGEST_PATH} bytes and {_MOST_DOLLARS} dollars", "Shorten it."
        )
    if regex:
        checked_regex("^" + path)
    elif type_ is not PathType.IMPLEMENTATION_SPECIFIC and _NEVER_ASKED.search(path):
        raise Invalid(
            "a path that is ever asked for", "Leave out //, /./, /../ and encoded slashes."
        )


def may_take_long(pattern: str) -> bool:
    """Whether the time that a pattern takes may grow faster than what it is compared with."""
    return len(_UNLIMITED.findall(_ESCAPE_OR_CLASS.sub("", pattern))) > 1


def _compiles(path: str) -> bool:
    try:
        checked_regex("^" + path)
    except Invalid:
        return False
    return True
