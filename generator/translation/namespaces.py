"""How much all Ingresses of one namespace may take together: the oldest come first.

A tenant may have any number of Ingresses, so limits for one are none for it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.directives import Size
from generator.model import Handler
from generator.objects import Kind, Name, ObjectRef
from generator.options.bounds import (
    MAX_NAMESPACE_BYTES,
    MAX_NAMESPACE_PATHS,
    MAX_NAMESPACE_WILDCARDS,
    Bounds,
)
from generator.problems import Code, Problem, shown
from generator.translation import sizes
from generator.translation.backends import UNAVAILABLE
from generator.translation.contribution import Contribution, HostPart
from generator.translation.limits import Allowance, beyond_meanwhile
from generator.translation.memo import Memo
from generator.translation.paths import PathRule
from generator.translation.routes import Route
from generator.values.describe import described

Contributions = Mapping[Name, Contribution]


def within_namespaces(contributions: Contributions, bounds: Bounds, memo: Memo) -> Contributions:
    """Leave out what namespaces have beyond their limits; `contributions` are oldest first.

    Where there is nothing beyond, it is the very same mapping.
    """
    of_namespace: dict[str, list[Name]] = defaultdict(list)
    for name in contributions:
        of_namespace[name.namespace].append(name)
    cut: dict[Name, Contribution] = {}
    for names in of_namespace.values():
        total = _Total.of([contributions[name] for name in names])
        if total.is_beyond(bounds):
            cut |= _within([(n, contributions[n]) for n in names], total, bounds, memo)
    return {name: cut.get(name, c) for name, c in contributions.items()} if cut else contributions


class _Total(Struct, frozen=True):
    """What the Ingresses of a namespace come to."""

    paths: int
    size: int
    wildcards: int

    @classmethod
    def of(cls, contributions: Sequence[Contribution]) -> "_Total":
        wildcards = {host for each in contributions for host in _wildcards(each)}
        return cls(
            sum(each.paths for each in contributions),
            sum(each.size for each in contributions),
            len(wildcards),
        )

    def is_beyond(self, bounds: Bounds) -> bool:
        return (
            self.paths > bounds.namespace_paths
            or self.size > bounds.namespace_bytes
            or self.wildcards > bounds.namespace_wildcards
        )

    def described(self, bounds: Bounds) -> Iterator[str]:
        if self.paths > bounds.namespace_paths:
            most = f"{bounds.namespace_paths} ({MAX_NAMESPACE_PATHS.name})"
            yield f"has {self.paths} paths and may have {most}"
        if self.size > bounds.namespace_bytes:
            may = described(Size(bounds.namespace_bytes))
            most = f"{may} ({MAX_NAMESPACE_BYTES.name})"
            yield f"comes to {self.size >> 20}m of nginx.conf and may take {most}"
        if self.wildcards > bounds.namespace_wildcards:
            most = f"{bounds.namespace_wildcards} ({MAX_NAMESPACE_WILDCARDS.name})"
            yield f"has {self.wildcards} hosts such as *.example.com and may have {most}"


class _Left(Struct, frozen=True):
    """What older Ingresses of the namespace leave: paths and bytes."""

    served: tuple[int, int]
    shut: tuple[int, int]
    """For guarded paths beyond: as much again, since a location that answers 503 costs too."""
    wildcards: frozenset[str]
    """Those that there are."""


class _Cut(Struct, frozen=True):
    """What is left of a contribution."""

    contribution: Contribution
    left: _Left
    beyond: tuple[str, ...]
    """Paths that are not served, and wildcard hosts."""
    guarded: bool


def _within(
    of_namespace: Sequence[tuple[Name, Contribution]], total: _Total, bounds: Bounds, memo: Memo
) -> Contributions:
    most = (bounds.namespace_paths, bounds.namespace_bytes)
    left = _Left(most, most, frozenset())
    cut: dict[Name, Contribution] = {}
    for name, contribution in of_namespace:
        found = _remembered(name, contribution, left, bounds, memo)
        left = found.left
        if found.beyond:
            cut[name] = _told(name, found, total, bounds, memo)
    return cut


def _remembered(
    name: Name, contribution: Contribution, left: _Left, bounds: Bounds, memo: Memo
) -> _Cut:
    """Cut a contribution, or recall how it was cut, so that its parts stay the same objects."""
    inputs = (contribution, left, bounds.namespace_wildcards)
    return memo.recall(
        ("within namespace", name),
        inputs,
        lambda _: _Cutting(contribution, left, bounds.namespace_wildcards).done(),
    )


def _told(name: Name, cut: _Cut, total: _Total, bounds: Bounds, memo: Memo) -> Contribution:
    def told() -> Contribution:
        problem = _problem(ObjectRef(Kind.INGRESS, name), cut, total, bounds)
        return replace(cut.contribution, problems=(*cut.contribution.problems, problem))

    return memo.recall(("told of namespace", name), (cut, total, bounds), lambda _: told())


def _problem(owner: ObjectRef, cut: _Cut, total: _Total, bounds: Bounds) -> Problem:
    asked = "; it ".join(total.described(bounds))
    return problems.error(
        owner,
        "spec.rules",
        Code.LIMIT_EXCEEDED,
        f"Its namespace {asked}. Of this Ingress {len(cut.beyond)} are beyond, the first is "
        f"{shown(cut.beyond[0])}.",
        "Delete what is not needed, move it to another namespace, or ask the admin.",
        meanwhile=beyond_meanwhile(guarded=cut.guarded),
    )


def _wildcards(contribution: Contribution) -> Iterator[str]:
    return (part.host for part in contribution.parts if part.host.startswith("*."))


class _Cutting:
    """Goes through one contribution, part by part."""

    def __init__(self, contribution: Contribution, left: _Left, wildcards: int) -> None:
        self._contribution = contribution
        self._served = Allowance(*left.served)
        self._shut = Allowance(*left.shut)
        self._wildcards = left.wildcards
        self._most_wildcards = wildcards
        self._beyond: list[str] = []
        self._no_more_shut = False

    def done(self) -> _Cut:
        given = self._contribution
        rules = sum(part.size + sum(rule.size for rule in part.rules) for part in given.parts)
        self._served.take(paths=0, size=given.size - rules)
        parts = [cut for part in given.parts if (cut := self._part(part))]
        left = _Left(self._served.left, self._shut.left, self._wildcards)
        kept = replace(given, parts=tuple(parts)) if self._beyond else given
        guarded = any(part.guarded for part in given.parts)
        return _Cut(kept, left, tuple(self._beyond), guarded)

    def _part(self, part: HostPart) -> HostPart | None:
        if part.host.startswith("*.") and part.host not in self._wildcards:
            if len(self._wildcards) >= self._most_wildcards:
                self._beyond.append(part.host)
                return None
            self._wildcards |= {part.host}
        fits = self._served.take(paths=0, size=part.size)
        if not fits and not part.guarded:
            self._beyond += [rule.shown for rule in part.rules] or [part.host]
            return None
        self._no_more_shut = False
        rules = [(rule, self._rule(rule, part)) for rule in part.rules]
        if all(before is after for before, after in rules):
            return part
        kept = tuple(after for _, after in rules if after)
        return replace(part, rules=kept, shut=self._no_more_shut)

    def _rule(self, rule: PathRule, part: HostPart) -> PathRule | None:
        if self._served.take(paths=1, size=rule.size):
            return rule
        self._beyond.append(rule.shown)
        if not part.guarded:
            return None
        handler = Handler(owner=part.owner, action=UNAVAILABLE)
        size = sizes.of_rule(rule.path, rule.type, handler, regex=rule.regex)
        self._no_more_shut |= not self._shut.take(paths=1, size=size)
        return replace(rule, route=Route(handler), size=size)
