"""How much one Ingress may ask for: its size is its own affair, the cost is everyone's.

An object of 1.5 MB, the most that an apiserver keeps, could name 90,000 hosts, for each
of which nginx takes 44 kB, twice during a reload. See docs/decisions/0070 and 0087.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from generator import problems
from generator.directives import Size
from generator.objects import TLS, Ingress
from generator.options.bounds import (
    MAX_INGRESS_BYTES,
    MAX_INGRESS_HOSTS,
    MAX_INGRESS_PATHS,
    Bounds,
)
from generator.problems import Code, Problem, shown
from generator.values.describe import described

MOST_LINES = 100_000
"""Of annotations: each statement is a line for each path, such as a network."""


def within_limits(ingress: Ingress, most: int) -> tuple[Ingress, list[Problem]]:
    """Leave out rules and TLS sections beyond so many, and tell it."""
    spec = ingress.spec
    asked = (
        ("spec.rules", "rules", len(spec.rules)),
        ("spec.tls", "sections", len(spec.tls)),
        ("spec.tls", "hosts", sum(len(section.hosts) for section in spec.tls)),
    )
    found = [
        too_much(
            ingress,
            field,
            f"It has {number} {what}; one Ingress may have {most} ({MAX_INGRESS_HOSTS.name}).",
        )
        for field, what, number in asked
        if number > most
    ]
    if not found:
        return ingress, []
    kept = replace(spec, rules=spec.rules[:most], tls=tuple(_first_tls(spec.tls, most)))
    return replace(ingress, spec=kept), found


class Allowance:
    """How many paths, and bytes of nginx.conf, may still be taken."""

    def __init__(self, paths: int, size: int) -> None:
        self._paths = paths
        self._size = size

    @property
    def left(self) -> tuple[int, int]:
        """Return how many paths and bytes are left."""
        return self._paths, self._size

    @property
    def is_spent(self) -> bool:
        """Whether not even a small path is left."""
        return self._paths <= 0 or self._size <= 0

    def take(self, *, paths: int, size: int) -> bool:
        """Take so much, or nothing where not all of it is left."""
        if paths > self._paths or size > self._size:
            return False
        self._paths -= paths
        self._size -= size
        return True


def paths_beyond(
    ingress: Ingress, bounds: Bounds, first: str, number: int, *, guarded: bool
) -> Problem:
    """Tell how many paths are beyond the limits of one Ingress, and which is the first."""
    paths = sum(len(rule.http.paths) for rule in ingress.spec.rules if rule.http)
    if paths > bounds.ingress_paths:
        asked = f"It has {paths} paths"
        may = f"have {bounds.ingress_paths} ({MAX_INGRESS_PATHS.name})"
    else:
        most = described(Size(bounds.ingress_bytes))
        asked = f"Its {paths} paths come to more than {most} of nginx.conf"
        may = f"take {most} ({MAX_INGRESS_BYTES.name})"
    message = f"{asked}; one Ingress may {may}. {number} are beyond, the first is {shown(first)}."
    return too_much(ingress, "spec.rules", message, beyond_meanwhile(guarded=guarded))


def beyond_meanwhile(*, guarded: bool) -> str:
    """Say what becomes of paths beyond a limit."""
    return "these answer 503, since they are guarded" if guarded else "these are left out"


def too_much(
    ingress: Ingress, field: str, message: str, meanwhile: str = "the first ones count"
) -> Problem:
    """Say what is beyond a limit."""
    hint = "Divide it among several Ingresses, or ask the admin."
    return problems.error(
        ingress.ref, field, Code.LIMIT_EXCEEDED, message, hint, meanwhile=meanwhile
    )


def _first_tls(sections: tuple[TLS, ...], most: int) -> Iterator[TLS]:
    left = most
    for section in sections[:most]:
        hosts = section.hosts[:left]
        left -= len(hosts)
        # Without hosts a section is for all of them, which this one was not.
        if hosts or not section.hosts:
            yield replace(section, hosts=hosts)
