"""What the admin says of hosts that several namespaces use; `ownership.py` goes by it."""

from enum import StrEnum

from msgspec import Struct

from generator.names import is_host, is_label, wildcard_above
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.scalars import number_between, one_of


class Sharing(StrEnum):
    """How far a host may be shared."""

    NAMESPACE = "namespace"
    """The namespace of the oldest Ingress owns it; others' paths come below its own."""
    CLUSTER = "cluster"
    """Every Ingress has the same say, as in ingress-nginx."""


Grants = tuple[tuple[str, frozenset[str]], ...]


def grants(text: str) -> Grants:
    """Read `HOST=NAMESPACE,NAMESPACE` entries with blanks between them."""
    return tuple(_grant(entry) for entry in text.split())


def _grant(entry: str) -> tuple[str, frozenset[str]]:
    host, _, names = entry.partition("=")
    namespaces = frozenset(name for name in names.split(",") if name)
    if not is_host(host.lower()) or not namespaces or not all(map(is_label, namespaces)):
        raise Invalid(
            f"a list of grants: {shown(entry)} is none",
            "Write a host and its namespaces, such as shop.example.com=web,api.",
        )
    return host.lower(), namespaces


HOST_SHARING = Option[Sharing](
    name="host-sharing",
    parse=one_of(Sharing),
    default=Sharing.NAMESPACE,
    doc="namespace: what holds for a whole host (TLS, default backend, expressions) comes from "
    "the namespace of its oldest Ingress, and paths of others never take requests of its own. "
    "cluster: every Ingress has the same say, as in ingress-nginx.",
)
HOST_GRANTS = Option[Grants](
    name="host-grants",
    parse=grants,
    default=(),
    doc="Hosts that namespaces own together, whoever is oldest, as in "
    "`shop.example.com=web,api *.example.org=blog`.",
)


MAX_HOST_EXPRESSIONS = Option[int](
    name="max-host-expressions",
    parse=number_between(0, 5000),
    default=200,
    doc="Regular expressions that may take long which one host may have; they share 100,000 steps "
    "of matching for each request. The owner's count first, the oldest Ingress's before others.",
)


class HostPolicy(Struct, frozen=True):
    """What the admin says of hosts that several namespaces use."""

    sharing: Sharing = Sharing.NAMESPACE
    grants: Grants = ()
    expressions: int = MAX_HOST_EXPRESSIONS.default
    """How many that may take long one host has."""

    def granted(self, host: str) -> frozenset[str]:
        """Return the namespaces that own a host by the admin's word; empty: none does."""
        said = dict(self.grants)
        return said.get(host) or said.get(wildcard_above(host)) or frozenset()


def host_policy(values: GlobalValues) -> HostPolicy:
    """Return the policy that these options say."""
    return HostPolicy(values[HOST_SHARING], values[HOST_GRANTS], values[MAX_HOST_EXPRESSIONS])


GROUP = OptionGroup(
    title="Hosts of several namespaces", options=(HOST_SHARING, HOST_GRANTS, MAX_HOST_EXPRESSIONS)
)
