"""Which paths of a host belong to whom: the owner's first, then those of its guests.

A guest's path never takes a request that a path of the owner, or of an older guest,
answers. nginx asks exact paths first, then expressions in their order, then the longest
prefix; a prefix marked `^~` keeps expressions out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.directives import Regex, Word
from generator.model import Location, Match
from generator.objects import PathType
from generator.problems import Code, Problem, shown
from generator.translation.contribution import HostPart
from generator.translation.ownership import HostShares
from generator.translation.paths import Matcher, PathRule, matchers
from generator.translation.prefixes import Prefixes

Claims = dict[Matcher, Location]


class Claimed(Struct, frozen=True):
    """The locations of all rules of a host, and what is wrong with rules."""

    owned: tuple[Location, ...]
    guests: tuple[Location, ...]
    """In the order in which nginx is to ask them, after all that is the owner's."""
    problems: tuple[Problem, ...]


def claim(host: str, shares: HostShares, *, tls: bool) -> Claimed:
    """Give each path to whom it belongs."""
    regex = any(part.regex for part in shares.owners)
    taken, found = _claimed(host, shares.owners, regex=regex, tls=tls)
    found += _turned_into_regexes(shares.owners) if regex else _literal(shares.owners)
    owned, guests = list(taken.values()), list[Location]()
    above = _Above(shares)
    above.add(taken)
    for parts in shares.guests:
        own, wrong = _guests(host, shares, parts, above, tls=tls)
        found += wrong
        guests += in_order(own.values())
        above.add(own)
    if any(location.match is Match.REGEX for location in guests):
        owned = [_kept_from_expressions(location) for location in owned]
        guests = [_kept_from_expressions(location) for location in guests]
    return Claimed(tuple(owned), tuple(guests), tuple(found))


def _kept_from_expressions(location: Location) -> Location:
    return replace(location, match=Match.FIRM) if location.match is Match.PREFIX else location


def _claimed(
    host: str, parts: Sequence[HostPart], *, regex: bool, tls: bool, challenges: bool = True
) -> tuple[Claims, list[Problem]]:
    """Return the locations of all rules; who came first has a path that several claim."""
    taken: Claims = {}
    found: list[Problem] = []
    rules = [(part, rule) for part in parts for rule in part.rules]
    for part, rule in rules if regex else _exact_first(rules):
        claims = matchers(rule, regex=regex, challenges=challenges)
        if claims[-1] in taken:
            found.append(_taken(host, part, rule, taken[claims[-1]]))
            continue
        handler = rule.route.settled(tls=tls)
        for match, path in claims:
            location = Location(match=match, path=path, rule=rule.shown, handler=handler)
            taken.setdefault((match, path), location)
    return taken, found


def _guests(
    host: str, shares: HostShares, parts: Sequence[HostPart], above: "_Above", *, tls: bool
) -> tuple[Claims, list[Problem]]:
    """Return the locations of one namespace's rules, less those that others own."""
    regex = any(part.regex for part in parts)
    found: list[Problem] = []
    admitted = []
    for part in parts:
        rules: list[PathRule] = []
        for rule in part.rules:
            if above.answers(rule, regex=regex):
                found.append(_owned(host, part, rule, shares))
            else:
                rules.append(rule)
        admitted.append(replace(part, rules=tuple(rules)))
    regex = regex or above.has_expressions
    own, wrong = _claimed(host, admitted, regex=regex, tls=tls, challenges=False)
    return {m: each for m, each in own.items() if m not in above.taken}, found + wrong


class _Above:
    """What is taken already; says of a rule whether it would take requests from there."""

    def __init__(self, shares: HostShares) -> None:
        self.taken: Claims = {}
        self.has_expressions = False
        self._prefixes = Prefixes()
        self._has_all = any(part.fallback for part in shares.owners)

    def add(self, claims: Claims) -> None:
        """Take these too."""
        self.taken |= claims
        for (match, path), location in claims.items():
            if isinstance(path, Regex):
                self.has_expressions = True
                self._has_all |= location.rule == "/"
            elif match is Match.PREFIX:
                self._prefixes.add(path.text)
                self._has_all |= path.text == "/"

    def answers(self, rule: PathRule, *, regex: bool) -> bool:
        """Whether requests of a guest's rule are answered from above, in whole or in part."""
        if self._has_all or (self.has_expressions and self._prefixes):
            return True  # expressions and prefixes could not both be kept from a guest's
        return any(
            self._answers(match, path)
            for match, path in matchers(rule, regex=regex, challenges=False)
        )

    def _answers(self, match: Match, path: Word | Regex) -> bool:
        if isinstance(path, Regex):
            return False  # comes after all that is there
        under = self._prefixes.longest(path.text) is not None
        return under or (match, path) in self.taken


def _owned(host: str, part: HostPart, rule: PathRule, shares: HostShares) -> Problem:
    return problems.error(
        part.owner,
        f"{rule.field}.path",
        Code.HOST_OWNED,
        f"Path {shown(rule.path)} would take requests of others: {shares.described(host)}.",
        "Choose another host or path, or ask the admin about host-grants and host-sharing.",
        meanwhile="this path is left out",
    )


def _exact_first(rules: Iterable[tuple[HostPart, PathRule]]) -> list[tuple[HostPart, PathRule]]:
    """Exact paths come before prefixes of the same text, and so does `= /foo` of one."""
    return sorted(rules, key=lambda r: r[1].type is not PathType.EXACT)


def in_order(locations: Iterable[Location]) -> list[Location]:
    """Sort for nginx, which takes the first regular expression that fits.

    As in ingress-nginx: the longest path first, of equally long ones the last by alphabet.
    """
    by_text = sorted(locations, key=lambda each: (each.rule, each.match.name), reverse=True)
    return sorted(by_text, key=lambda each: (each.match.name, -len(each.rule)))


def _taken(host: str, part: HostPart, rule: PathRule, winner: Location) -> Problem:
    owner = winner.handler.owner
    twice = owner == part.owner
    how = "stands twice in this Ingress" if twice else f"belongs to Ingress {owner}, which is older"
    return problems.error(
        part.owner,
        f"{rule.field}.path",
        Code.PATH_TAKEN,
        f"Host {host or '*'}, path {shown(rule.path)} {how}.",
        "Choose another path, or remove one.",
        meanwhile="the first one is served",
    )


_PATTERN = re.compile(r"\*|\.\+|\(\?|\(\.|\\[dwsbDWSB.]|\[[^]]+\]|^/\^|\$$")


def _literal(parts: Iterable[HostPart]) -> Iterator[Problem]:
    """Tell of paths that look like patterns and are compared character by character."""
    for part in parts:
        for rule in part.rules:
            if rule.regex or not _PATTERN.search(rule.path):
                continue
            start = rule.path.rstrip("*").rstrip("/") or "/"
            star = rule.path.endswith("/*") and not _PATTERN.search(start)
            yield problems.warning(
                part.owner,
                f"{rule.field}.path",
                Code.PATH_LITERAL,
                f"Path {shown(rule.path)} is compared character by character.",
                f'Write "{start}" with pathType Prefix.'
                if star
                else "If a regular expression is meant, set use-regex, with pathType "
                "ImplementationSpecific.",
                meanwhile="only requests with these very characters have it",
            )


def _turned_into_regexes(parts: Iterable[HostPart]) -> Iterator[Problem]:
    """Tell those who do not expect it that another Ingress of the host changed their paths."""
    culprit = next(part.owner for part in parts if part.regex)
    for part in parts:
        own = part.owner == culprit
        for rule in (rule for rule in part.rules if not rule.challenge):
            if not rule.regex or rule.type is not PathType.IMPLEMENTATION_SPECIFIC:
                yield problems.info(
                    part.owner,
                    f"{rule.field}.pathType",
                    Code.PATH_BECOMES_REGEX,
                    f"Path {shown(rule.path)} of type {rule.type} is compared as a regular "
                    f"expression without case, since {'it' if own else f'Ingress {culprit}'} has "
                    "use-regex or rewrite-target for this host.",
                    "Write pathType ImplementationSpecific if that is meant; "
                    f"else put {'this path' if own else 'the other Ingress'} on a host of its own.",
                    meanwhile="it is compared so, as in ingress-nginx",
                )
