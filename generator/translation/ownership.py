"""Who owns a host. The owner decides what holds for all of it; others are guests below.

The namespace of the oldest Ingress of a host owns it, and the hosts below a wildcard of
its own, unless the admin says otherwise (`host-sharing`, `host-grants`).
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from generator import problems
from generator.names import wildcard_above
from generator.objects import Name, PathType
from generator.options.hosts import HostPolicy, Sharing
from generator.problems import Code, Problem
from generator.translation.contribution import HostPart


class HostShares(Struct, frozen=True, kw_only=True):
    """The parts of a host, by whose they are; oldest first."""

    owners: tuple[HostPart, ...]
    guests: tuple[tuple[HostPart, ...], ...]
    """Of each other namespace."""
    granted: frozenset[str] = frozenset()
    """The namespaces that own it by the admin's word; empty: the oldest Ingress's does."""

    def described(self, host: str) -> str:
        """Say whose a host with guests is: a clause for messages."""
        name = host or "*"
        if self.granted:
            return f"the admin grants host {name} to {', '.join(sorted(self.granted))}"
        oldest = self.owners[0].owner
        return (
            f"host {name} belongs to namespace {oldest.name.namespace}, whose Ingress {oldest} "
            "is the oldest"
        )


def shares(host: str, parts: Sequence[HostPart], policy: HostPolicy) -> HostShares:
    """Tell owners from guests. `parts` come oldest Ingress first."""
    if policy.sharing is Sharing.CLUSTER or not parts:
        return HostShares(owners=tuple(parts), guests=())
    granted = policy.granted(host)
    owning = granted or {parts[0].owner.name.namespace}
    by_namespace: dict[str, list[HostPart]] = {}
    for part in parts:
        by_namespace.setdefault(part.owner.name.namespace, []).append(part)
    return HostShares(
        owners=tuple(part for part in parts if part.owner.name.namespace in owning),
        guests=tuple(tuple(of) for name, of in by_namespace.items() if name not in owning),
        granted=granted,
    )


_MOST_COPIED = 5000
"""Rules of a wildcard's owner that the hosts below it, named by others, get in all."""


class Below(Struct, frozen=True):
    """The parts of each host that is served apart, and what is wrong with others."""

    hosts: Mapping[str, list[HostPart]]
    problems: tuple[Problem, ...]


def with_wildcards(
    by_host: Mapping[str, list[HostPart]], ages: Mapping[Name, int], policy: HostPolicy
) -> Below:
    """Return the parts of each host, with those of an older wildcard that owns it.

    A newer Ingress of another namespace would else take a host out of the wildcard by
    naming it. Where the owner answers all paths, that Ingress has none there: the host is
    left to the wildcard's own server. So it is where the owner's paths would be copied
    very often. `ages` has the rank of each Ingress, the oldest first.
    """
    hosts: dict[str, list[HostPart]] = {}
    found: list[Problem] = []
    above = {host: _Wildcard.of(parts) for host, parts in by_host.items() if host[:2] == "*."}
    for host, parts in by_host.items():
        wildcard = above.get(wildcard_above(host)) if "." in host else None
        if not (
            parts and wildcard and _owns_below(wildcard.parts[0], parts[0], host, ages, policy)
        ):
            hosts[host] = parts
        elif wildcard.lends():
            hosts[host] = sorted([*wildcard.parts, *parts], key=lambda p: ages[p.owner.name])
        else:
            own = [part for part in parts if wildcard.has(part)]
            found += (wildcard.kept(part) for part in parts if not wildcard.has(part))
            if own:
                hosts[host] = own
    return Below(hosts, tuple(found))


class _Wildcard:
    """A wildcard host, and how many of its owner's rules may still be copied."""

    def __init__(self, namespace: str, parts: list[HostPart]) -> None:
        self.namespace = namespace
        self.parts = parts
        rules = [rule for part in parts for rule in part.rules]
        self._answers_all = any(part.fallback or part.shut for part in parts) or any(
            rule.path == "/" and rule.type is not PathType.EXACT for rule in rules
        )
        self._rules = len(rules)
        self._left = _MOST_COPIED

    @classmethod
    def of(cls, parts: Sequence[HostPart]) -> "_Wildcard | None":
        if not parts:
            return None
        namespace = parts[0].owner.name.namespace
        return cls(namespace, [p for p in parts if p.owner.name.namespace == namespace])

    def has(self, part: HostPart) -> bool:
        """Whether a part is of the namespace that owns the wildcard."""
        return part.owner.name.namespace == self.namespace

    def lends(self) -> bool:
        """Whether a host below gets the owner's rules beside its own; counts them."""
        each = len(self.parts) + self._rules
        if self._answers_all or each > self._left:
            return False
        self._left -= each
        return True

    def kept(self, part: HostPart) -> Problem:
        """Tell a part of another namespace that its host stays with the wildcard."""
        oldest = self.parts[0]
        why = (
            "which answers all its paths"
            if self._answers_all
            else f"whose {self._rules} paths are not copied to any more hosts"
        )
        return problems.error(
            part.owner,
            "spec.rules",
            Code.HOST_OWNED,
            f"Host {part.host} is answered by {oldest.host}, {why}: it belongs to namespace "
            f"{self.namespace}, whose Ingress {oldest.owner} is the oldest.",
            "Choose another host, or ask the admin about host-grants and host-sharing.",
            meanwhile="this Ingress's paths of that host are left out",
        )


def _owns_below(
    wildcard: HostPart, exact: HostPart, host: str, ages: Mapping[Name, int], policy: HostPolicy
) -> bool:
    """Whether the owner of a wildcard owns a host below it, which another Ingress names."""
    return (
        policy.sharing is Sharing.NAMESPACE
        and wildcard.owner.name.namespace != exact.owner.name.namespace
        and ages[wildcard.owner.name] < ages[exact.owner.name]
        and not policy.granted(host)
    )
