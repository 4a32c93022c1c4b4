"""Which regular expressions may take long, and how those of one host share a worker's time.

nginx tries the expressions of a host one after the other, and PCRE gives each of them up at a
limit of its own: so what counts is their sum. See docs/decisions/0074.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from generator import problems
from generator.directives import Block, Directive, Regex, Statement
from generator.model import Location
from generator.objects import PathType
from generator.problems import Code, Problem, shown
from generator.translation.compared_paths import ESCAPE_OR_CLASS
from generator.translation.contribution import HostPart
from generator.translation.ownership import HostShares
from generator.translation.paths import PathRule

V = TypeVar("V")

_HOST_STEPS = 100_000
"""Of PCRE's matching, for all slow expressions of a host together; 5 to 17 ns each."""
_COSTLY = 100
"""Where what was scanned cannot be taken back, a step may scan all of a path: 1 to 3.5 us."""
_FEWEST_STEPS = 10
_FEW_CHOICES = 3

_GROUP_BEGINS = re.compile(r"\((?:\?[a-z-]*:|\?[a-z-]+\)|\?[=!>]|\?<[=!])")
_AGAIN = re.compile(r"\)(?:[*+?{])|\\[1-9]|\(\?<?[=!>]")
"""A group again and again, what a group has matched, a look ahead or behind."""
_COSTLY_STEP = re.compile(r"[*+?}]\+|\\[1-9]|\(\?<?[=!>]")
_AT_THE_END = re.compile(r"[*+]\)*$")
_OF_ANY_LENGTH = re.compile(r"[*+]|\{[0-9]+,[0-9]*\}")


def may_take_long(pattern: str) -> bool:
    """Whether a pattern may take more than a few steps, whatever the path is.

    One that cannot has no repeated group, few choices, and what may have any length at its
    end only, as in `/foo(/|$)(.*)`.
    """
    bare = _without_classes(pattern)
    if _AGAIN.search(bare):
        return True
    text = _AT_THE_END.sub("", _GROUP_BEGINS.sub("(", bare))
    choices = text.count("|") + text.count("?")
    return _OF_ANY_LENGTH.search(text) is not None or choices > _FEW_CHOICES


def _without_classes(pattern: str) -> str:
    """Return a pattern with a letter for each class and each escape but those of groups."""
    return re.sub(ESCAPE_OR_CLASS, _letter, pattern)


def _letter(found: re.Match[str]) -> str:
    return found[0] if re.fullmatch(r"\\[1-9]", found[0]) else "x"


def within_bounds(host: str, shares: HostShares, most: int) -> tuple[HostShares, list[Problem]]:
    """Leave out what a host has of slow expressions beyond so many: the owner's come first."""
    counting = _Counting(host, most)
    owners = counting.parts(shares.owners)
    guests = tuple(counting.parts(parts) for parts in shares.guests)
    if not counting.problems:
        return shares, []
    return replace(shares, owners=owners, guests=guests), counting.problems


class _Counting:
    """Counts the slow expressions of a host, part by part."""

    def __init__(self, host: str, most: int) -> None:
        self.problems: list[Problem] = []
        self._host = host
        self._most = self._left = most

    def parts(self, parts: Sequence[HostPart]) -> tuple[HostPart, ...]:
        """Return the parts without what is beyond."""
        regex = any(part.regex for part in parts)
        return tuple(self._part(part, regex=regex) for part in parts)

    def _part(self, part: HostPart, *, regex: bool) -> HostPart:
        rules: list[PathRule] = []
        beyond: list[PathRule] = []
        for rule in part.rules:
            if not _is_slow(rule, regex=regex):
                rules.append(rule)
            elif self._left:
                self._left -= 1
                rules.append(rule)
            else:
                beyond.append(rule)
                rules += [rule.instead] if rule.instead else []
        if not beyond:
            return part
        self.problems.append(self._told(part, beyond))
        return replace(part, rules=tuple(rules))

    def _told(self, part: HostPart, beyond: Sequence[PathRule]) -> Problem:
        guarded = any(rule.instead for rule in beyond)
        shut = ", or answer 503 where they are guarded" if guarded else ""
        return problems.error(
            part.owner,
            f"{beyond[0].field}.path",
            Code.LIMIT_EXCEEDED,
            f"Host {self._host or '*'} has more than {self._most} regular expressions that may "
            f"take long; of this Ingress {len(beyond)} are beyond, the first is "
            f"{shown(beyond[0].path)}.",
            "Write paths of type Prefix or Exact, or expressions that end with their only * or +; "
            "or ask the admin about max-host-expressions.",
            meanwhile=f"these are left out{shut}",
        )


def _is_slow(rule: PathRule, *, regex: bool) -> bool:
    compared = rule.regex or (regex and rule.type is PathType.IMPLEMENTATION_SPECIFIC)
    return compared and may_take_long(rule.path)


def sharing_time(locations: Iterable[Location]) -> tuple[Location, ...]:
    """Give each slow expression of a host its share of the time that all of them may take."""
    given = tuple(locations)
    slow = sum(_is_slow_value(each.path) for each in given)
    return tuple(_limited(each, _HOST_STEPS // slow) for each in given) if slow else given


def _limited(location: Location, steps: int) -> Location:
    if not _is_slow_value(location.path):
        return location
    handler = location.handler
    statements = tuple(_with_limits(handler.statements, steps))
    if statements != handler.statements:
        handler = replace(handler, statements=statements)
    return replace(location, path=_with_limit(location.path, steps), handler=handler)


def _with_limits(statements: Iterable[Statement], steps: int) -> Iterator[Statement]:
    for each in statements:
        if isinstance(each, Block):
            arguments = tuple(_with_limit(value, steps) for value in each.arguments)
            yield replace(each, arguments=arguments, body=tuple(_with_limits(each.body, steps)))
        elif isinstance(each, Directive):
            yield replace(each, arguments=tuple(_with_limit(v, steps) for v in each.arguments))
        else:
            yield each


def _with_limit(value: V, steps: int) -> V:
    """Return a slow expression with its limit; anything else as it is.

    Without NO_AUTO_POSSESS a step may be a scan that is never taken back, and is not counted.
    """
    if not isinstance(value, Regex) or not may_take_long(value.pattern):
        return value
    if _COSTLY_STEP.search(_without_classes(value.pattern)):
        steps //= _COSTLY
    limit = f"(*NO_AUTO_POSSESS)(*LIMIT_MATCH={max(steps, _FEWEST_STEPS)})"
    return replace(value, pattern=f"{limit}{value.pattern}")


def _is_slow_value(value: object) -> bool:
    return isinstance(value, Regex) and may_take_long(value.pattern)
