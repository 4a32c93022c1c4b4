"""How much one Ingress may ask for: its size is its own affair, the cost is everyone's.

An object of 1.5 MB, the most that an apiserver keeps, could name 90,000 hosts, for each
of which nginx takes 44 kB, twice during a reload. See docs/decisions/0070.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from generator import problems
from generator.objects import TLS, Ingress, Rule
from generator.problems import Code, Problem

MOST_HOSTS = 1000
"""Rules, TLS sections, and hosts in these."""
MOST_PATHS = 5000
MOST_LINES = 100_000
"""Of annotations: each statement is a line for each path, such as a network."""


def within_limits(ingress: Ingress) -> tuple[Ingress, list[Problem]]:
    """Leave out what is beyond the limits, and tell it."""
    spec = ingress.spec
    asked = (
        ("spec.rules", "rules", len(spec.rules), MOST_HOSTS),
        ("spec.rules", "paths", sum(len(r.http.paths) for r in spec.rules if r.http), MOST_PATHS),
        ("spec.tls", "sections", len(spec.tls), MOST_HOSTS),
        ("spec.tls", "hosts", sum(len(section.hosts) for section in spec.tls), MOST_HOSTS),
    )
    found = [
        too_much(ingress, field, f"It has {number} {what}; one Ingress may have {most}.")
        for field, what, number, most in asked
        if number > most
    ]
    if not found:
        return ingress, []
    kept = replace(spec, rules=tuple(_first_rules(spec.rules)), tls=tuple(_first_tls(spec.tls)))
    return replace(ingress, spec=kept), found


def too_much(
    ingress: Ingress, field: str, message: str, meanwhile: str = "the first ones count"
) -> Problem:
    """Say what is beyond a limit."""
    hint = "Divide it among several Ingresses."
    return problems.error(
        ingress.ref, field, Code.LIMIT_EXCEEDED, message, hint, meanwhile=meanwhile
    )


def _first_rules(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    left = MOST_PATHS
    for rule in rules[:MOST_HOSTS]:
        paths = rule.http.paths[:left] if rule.http else ()
        left -= len(paths)
        yield replace(rule, http=replace(rule.http, paths=paths)) if rule.http else rule


def _first_tls(sections: tuple[TLS, ...]) -> Iterator[TLS]:
    left = MOST_HOSTS
    for section in sections[:MOST_HOSTS]:
        hosts = section.hosts[:left]
        left -= len(hosts)
        # Without hosts a section is for all of them, which this one was not.
        if hosts or not section.hosts:
            yield replace(section, hosts=hosts)
