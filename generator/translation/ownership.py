"""Who owns a host. The owner decides what holds for all of it; others are guests below.

The namespace of the oldest Ingress of a host owns it, and the hosts below a wildcard of
its own, unless the admin says otherwise (`host-sharing`, `host-grants`).
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from generator.names import wildcard_above
from generator.objects import Name
from generator.options.hosts import HostPolicy, Sharing
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


def with_wildcards(
    by_host: Mapping[str, list[HostPart]], ages: Mapping[Name, int], policy: HostPolicy
) -> Iterator[tuple[str, list[HostPart]]]:
    """Return the parts of each host, with those of an older wildcard that owns it.

    A newer Ingress of another namespace would else take a host out of the wildcard by
    naming it. `ages` has the rank of each Ingress, the oldest first.
    """
    for host, parts in by_host.items():
        above = by_host.get(wildcard_above(host), []) if "." in host else []
        if parts and above and _owns_below(above[0], parts[0], host, ages, policy):
            namespace = above[0].owner.name.namespace
            owning = [part for part in above if part.owner.name.namespace == namespace]
            yield host, sorted([*owning, *parts], key=lambda part: ages[part.owner.name])
        else:
            yield host, parts


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
