"""How much one Ingress, and one namespace, may take of what everyone shares."""

from typing import Self

from msgspec import Struct

from generator.directives import Size
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.scalars import number_between, size_between

_BEYOND = "What is beyond is left out, or answers 503 where it is guarded, and is told"
_MOST_BYTES = Size(1 << 30)

MAX_INGRESS_HOSTS = Option[int](
    name="max-ingress-hosts",
    parse=number_between(1, 100_000),
    default=1000,
    doc="Rules of one Ingress, its TLS sections, and the hosts in these; nginx takes 44 kB for "
    "each host, twice during a reload. The first ones count.",
)
MAX_INGRESS_PATHS = Option[int](
    name="max-ingress-paths",
    parse=number_between(1, 100_000),
    default=5000,
    doc=f"Paths of one Ingress. {_BEYOND}.",
)
MAX_INGRESS_BYTES = Option[Size](
    name="max-ingress-bytes",
    parse=size_between(Size(1 << 16), _MOST_BYTES),
    default=Size(8 << 20),
    doc=f"Bytes of nginx.conf that one Ingress takes, estimated. {_BEYOND}.",
)
MAX_NAMESPACE_PATHS = Option[int](
    name="max-namespace-paths",
    parse=number_between(1, 1_000_000),
    default=20_000,
    doc=f"Paths of all Ingresses of a namespace; the oldest Ingress's count first. {_BEYOND}.",
)
MAX_NAMESPACE_BYTES = Option[Size](
    name="max-namespace-bytes",
    parse=size_between(Size(1 << 16), _MOST_BYTES),
    default=Size(16 << 20),
    doc="Bytes of nginx.conf that all Ingresses of a namespace take, estimated; the oldest "
    f"Ingress's count first. {_BEYOND}.",
)
MAX_NAMESPACE_WILDCARDS = Option[int](
    name="max-namespace-wildcards",
    parse=number_between(0, 100_000),
    default=500,
    doc="Hosts such as *.example.com of a namespace. nginx tries them one by one for a host that "
    "it does not know by its name, 55 ns each; the oldest Ingress's count first.",
)


class Bounds(Struct, frozen=True):
    """The values of these options."""

    ingress_hosts: int
    ingress_paths: int
    ingress_bytes: int
    namespace_paths: int
    namespace_bytes: int
    namespace_wildcards: int

    @classmethod
    def of(cls, values: GlobalValues) -> Self:
        """Return what these options say."""
        return cls(
            values[MAX_INGRESS_HOSTS],
            values[MAX_INGRESS_PATHS],
            values[MAX_INGRESS_BYTES].bytes,
            values[MAX_NAMESPACE_PATHS],
            values[MAX_NAMESPACE_BYTES].bytes,
            values[MAX_NAMESPACE_WILDCARDS],
        )


GROUP = OptionGroup(
    title="What one tenant may take",
    options=(
        MAX_INGRESS_HOSTS,
        MAX_INGRESS_PATHS,
        MAX_INGRESS_BYTES,
        MAX_NAMESPACE_PATHS,
        MAX_NAMESPACE_BYTES,
        MAX_NAMESPACE_WILDCARDS,
    ),
)
