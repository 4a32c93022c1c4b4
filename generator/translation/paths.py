"""From paths of rules to what nginx compares. Rules: Ingress, "Path types"."""

import re

from msgspec import Struct

from generator import problems
from generator.directives import Regex, Word
from generator.model import Match
from generator.objects import HTTPPath, ObjectRef, PathType
from generator.problems import Code, Problem, shown
from generator.translation.compared_paths import (
    LONGEST_PATH,
    MOST_DOLLARS,
    decoded,
    decoded_expression,
    is_never_asked,
)
from generator.translation.routes import Route
from generator.values.invalid import Invalid
from generator.values.regexes import regex as checked_regex


class PathRule(Struct, frozen=True, kw_only=True):
    """One path of one Ingress and what becomes of its requests."""

    path: str
    """As it was written, with its escapes."""
    type: PathType
    regex: bool
    """Whether its own Ingress says that it is a regular expression."""
    field: str
    route: Route
    challenge: bool = False
    """Whether it is an ACME client's for one token."""
    instead: "PathRule | None" = None
    """What stands for it where it cannot be served, since it guards access."""
    stands_for: str = ""
    """The path, as it was written, in whose place this one is asked."""
    size: int = 0
    """Bytes of nginx.conf that it takes, estimated."""

    @property
    def shown(self) -> str:
        """Return the path as the Ingress has it; expressions are asked by its length."""
        return self.stands_for or self.path

    def pattern(self) -> Regex:
        """Return the path as a regular expression: as it is, or literally.

        Without `regex` it is compared so because of another Ingress of the host; then a
        path of type ImplementationSpecific is an expression too, as in ingress-nginx.
        """
        return self._anchored("^")

    def matched(self) -> Regex:
        """Return the expression that matches what the path matches, in upper or lower case.

        For directives that compare paths with case, such as `rewrite`.
        """
        return self._anchored("(?i)^")

    def _anchored(self, anchor: str) -> Regex:
        is_specific = self.type is PathType.IMPLEMENTATION_SPECIFIC
        if not (self.regex or (is_specific and _compiles(self.path))):
            return Regex(anchor + re.escape(decoded(self.path)))
        return Regex(f"{anchor}{decoded_expression(self.path)}")


Matcher = tuple[Match, Word | Regex]


def is_challenge(path: HTTPPath) -> bool:
    """Whether an ACME client put it there, to show for a minute whose host it is (RFC 8555, 8.3).

    Its request has to arrive as it is, whatever the application's Ingress does to paths.
    """
    is_prefix = path.path_type is PathType.PREFIX
    return not is_prefix and _CHALLENGE.fullmatch(path.path) is not None


_CHALLENGE = re.compile(r"/\.well-known/acme-challenge/[A-Za-z0-9_-]+")


def matchers(rule: PathRule, *, regex: bool, challenges: bool = True) -> tuple[Matcher, ...]:
    """Say what nginx compares for a rule; `regex`: the whole host is made of expressions.

    `challenges`: those of ACME come before the expressions.
    """
    if regex and challenges and rule.challenge:
        return ((Match.EXACT, Word(rule.path)),)
    if regex or rule.regex:
        return ((Match.REGEX, rule.pattern()),)
    path = decoded(rule.path)
    if rule.type is PathType.EXACT:
        return ((Match.EXACT, Word(path)),)
    if rule.type is PathType.IMPLEMENTATION_SPECIFIC:
        return ((Match.PREFIX, Word(path)),)
    # By path element: nginx itself would answer /foo with a 301 to /foo/.
    element = path.rstrip("/")
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
    if len(path.encode()) > LONGEST_PATH or path.count("$") > MOST_DOLLARS:
        raise Invalid(
            f"a path of at most {LONGEST_PATH} bytes and {MOST_DOLLARS} dollars", "Shorten it."
        )
    if regex:
        checked_regex("^" + decoded_expression(path))
        return
    if type_ is not PathType.IMPLEMENTATION_SPECIFIC and is_never_asked(path):
        raise Invalid(
            "a path that is ever asked for", "Leave out //, /./, /../ and encoded slashes."
        )
    decoded(path)


def _compiles(path: str) -> bool:
    try:
        checked_regex("^" + decoded_expression(path))
    except Invalid:
        return False
    return True
