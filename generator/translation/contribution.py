"""What one Ingress asks for, whatever other Ingresses ask for."""

import re
from collections.abc import Iterable
from enum import Enum
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.annotations.declaration import Asker, Values
from generator.annotations.reading import NOTHING_ALLOWED, read
from generator.directives import File, Size
from generator.effects import InServer, InternalLocation, Phase
from generator.model import Certificate, Handler, HttpPiece, Upstream
from generator.names import is_host, is_label, is_subdomain
from generator.objects import Backend, HTTPPath, Ingress, Name, ObjectRef, PathType
from generator.options.access import NO_AUTH_LOCATIONS, is_open
from generator.options.bounds import MAX_INGRESS_BYTES, Bounds
from generator.problems import Code, Problem, Problems, shown
from generator.translation import sizes
from generator.translation.backends import UNAVAILABLE, ResolvedBackend, Subject, resolve
from generator.translation.compared_paths import place_of
from generator.translation.feature_effects import FeatureEffects, feature_effects
from generator.translation.installation import Installation
from generator.translation.limits import (
    MOST_LINES,
    Allowance,
    paths_beyond,
    too_much,
    within_limits,
)
from generator.translation.memo import Reads
from generator.translation.paths import PathRule, invalid_path, is_challenge
from generator.translation.routes import Route
from generator.translation.tls import TLSSections
from generator.translation.validity import DatedCertificate
from generator.values.describe import described

_SHUT = "requests that it may be meant for are answered 503, since this Ingress guards access"

Hosts = dict[str, list[tuple[str, HTTPPath]]]
"""The paths of each host, with the field that each stands in."""


class Manner(Enum):
    """In which manner an Ingress is read."""

    PLAIN = "as Kubernetes says"
    COMPATIBLE = "as ingress-nginx did, where that differs"
    UNAVAILABLE = "its paths answer 503, and nothing else of it counts"


class HostPart(Struct, frozen=True, kw_only=True):
    """What one Ingress adds to one host."""

    owner: ObjectRef
    host: str
    rules: tuple[PathRule, ...] = ()
    fallback: Route | None = None
    """Who answers paths without a rule (`spec.defaultBackend`)."""
    tls: bool = False
    certificate: Certificate | None = None
    regex: bool = False
    """Whether it makes every path of the host a regular expression (compatibility)."""
    servers: tuple[InServer, ...] = ()
    internal: tuple[InternalLocation, ...] = ()
    size: int = 0
    """Bytes of nginx.conf that it takes apart from its rules, estimated."""
    guarded: bool = False
    """Whether not everyone may have what its paths serve."""
    shut: bool = False
    """Whether more of its guarded paths are beyond the limits than are worth a location."""


class Contribution(Struct, frozen=True, kw_only=True):
    """All that one Ingress adds."""

    parts: tuple[HostPart, ...] = ()
    pieces: tuple[HttpPiece, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    problems: Problems = ()
    certificates: tuple[tuple[Name, Certificate], ...] = ()
    """Those of its TLS sections that are served, with their Secrets."""
    dated: tuple[DatedCertificate, ...] = ()
    """The same, with their dates."""
    files: tuple[File, ...] = ()
    """Those that its statements name."""
    trace: str = ""
    """Traceback of a bug that it met; empty where it met none."""
    paths: int = 0
    size: int = 0
    """Bytes of nginx.conf that all of it takes, estimated."""
    shed: bool = False
    """Whether the volume has no room for it; `size` is what it would take."""


def contribute(
    ingress: Ingress, reads: Reads, installation: Installation, manner: Manner
) -> Contribution:
    """Work out what an Ingress asks for. Its mistakes cost it what they touch, no more."""
    if not (is_label(ingress.name.namespace) and is_subdomain(ingress.name.name)):
        return Contribution(problems=(_invalid_name(ingress),))
    if manner is Manner.UNAVAILABLE:
        ingress = replace(ingress, spec=replace(ingress.spec, tls=()))
    values, found = _read(ingress, installation, manner)
    bounds = Bounds.of(installation.options)
    ingress, beyond = within_limits(ingress, bounds.ingress_hosts)
    hosts = _by_host(ingress)
    asker = _asker(ingress, hosts, reads, installation)
    effects = feature_effects(values, asker, installation.active)
    found = (*found, *beyond, *effects.problems)
    if effects.left_out:
        return Contribution(problems=found)
    if swollen := _swollen(ingress, effects, hosts, bounds):
        found = (*found, swollen)
        values = NOTHING_ALLOWED
        effects = feature_effects(values, asker, installation.active)
    work = _Work(ingress, values, effects, reads, installation)
    return work.contribution(hosts, manner, found)


def _read(ingress: Ingress, installation: Installation, manner: Manner) -> tuple[Values, Problems]:
    if manner is Manner.UNAVAILABLE:
        return NOTHING_ALLOWED, ()
    prefix = installation.settings.annotations_prefix
    return read(ingress.metadata.annotations, prefix, ingress.ref, installation.options)


def _asker(ingress: Ingress, hosts: Hosts, reads: Reads, installation: Installation) -> Asker:
    return Asker(
        owner=ingress.ref,
        hosts=frozenset(hosts),
        default_backend=installation.default_backend,
        reach=installation.settings.reach,
        objects=reads,
    )


def _by_host(ingress: Ingress) -> Hosts:
    """Return the paths of each host, with the field that each stands in.

    A default backend also answers hosts that no rule names, and those of the TLS section.
    """
    hosts: Hosts = {}
    for r, rule in enumerate(ingress.spec.rules):
        paths = hosts.setdefault(rule.host.lower(), [])
        for p, path in enumerate(rule.http.paths if rule.http else ()):
            paths.append((f"spec.rules[{r}].http.paths[{p}]", path))
    if ingress.spec.default_backend:
        hosts.setdefault("", [])
        for tls in ingress.spec.tls:
            for host in tls.hosts:
                hosts.setdefault(host.lower(), [])
    return hosts


class _Work:
    """One Ingress on its way to a contribution; collects what its parts come with."""

    def __init__(
        self,
        ingress: Ingress,
        values: Values,
        effects: FeatureEffects,
        reads: Reads,
        installation: Installation,
    ) -> None:
        self._ingress = ingress
        self._values = values
        self._effects = effects
        self._reads = reads
        self._installation = installation
        self._bounds = Bounds.of(installation.options)
        self._left = Allowance(self._bounds.ingress_paths, self._bounds.ingress_bytes)
        self._beyond: list[str] = []
        self._own_size = sizes.of_effects(effects.locations, tls=bool(ingress.spec.tls))
        self._tls = TLSSections(ingress, reads)
        self._problems: list[Problem] = []
        self._upstreams: dict[str, Upstream] = {}
        self._targets: dict[Backend, ResolvedBackend] = {}
        self._certificates: dict[Name, Certificate] = {}

    def contribution(self, hosts: Hosts, manner: Manner, found: Problems) -> Contribution:
        """Return what the Ingress adds, with the problems that were found before."""
        backend = self._ingress.spec.default_backend
        fallback = self._route(backend, "spec.defaultBackend") if backend else None
        parts = [
            self._part(host, paths, fallback, manner)
            for host, paths in hosts.items()
            if self._may_serve(host)
        ]
        pieces = [
            HttpPiece(owner=self._ingress.ref, statements=piece.statements)
            for piece in self._effects.pieces
        ]
        if self._beyond:
            self._problems.append(self._told_beyond())
        around = sum(sizes.of_statements(piece.statements) for piece in pieces)
        within = sum(part.size + sum(rule.size for rule in part.rules) for part in parts)
        return Contribution(
            parts=tuple(parts),
            pieces=tuple(pieces),
            upstreams=tuple(self._upstreams.values()),
            problems=tuple(dict.fromkeys((*found, *self._problems))),
            certificates=tuple(self._certificates.items()),
            dated=tuple(self._tls.dated(self._certificates)),
            files=self._effects.files,
            paths=sum(len(part.rules) for part in parts),
            size=around + within,
        )

    def _told_beyond(self) -> Problem:
        return paths_beyond(
            self._ingress,
            self._bounds,
            self._beyond[0],
            len(self._beyond),
            guarded=self._effects.guard_access,
        )

    def _may_serve(self, host: str) -> bool:
        if host and not is_host(host):
            field = self._rule_of_host.get(host, "spec.tls")
            self._problems.append(_invalid_host(self._ingress, host, field))
            return False
        if not host and not self._installation.settings.catch_all:
            self._problems.append(_no_catch_all(self._ingress))
            return False
        return True

    @cached_property
    def _rule_of_host(self) -> dict[str, str]:
        """The field of the first rule of each host."""
        rules = reversed([*enumerate(self._ingress.spec.rules)])
        return {rule.host.lower(): f"spec.rules[{number}].host" for number, rule in rules}

    def _part(
        self,
        host: str,
        paths: Iterable[tuple[str, HTTPPath]],
        fallback: Route | None,
        manner: Manner,
    ) -> HostPart:
        size = sizes.of_host(host, self._ingress.ref, self._effects.servers, self._effects.internal)
        self._left.take(paths=0, size=size)
        rules = tuple(rule for field, path in paths if (rule := self._rule(field, path)))
        tls = self._tls.of(host)
        self._problems += tls.problems
        if tls.secret and tls.certificate:
            self._certificates[tls.secret] = tls.certificate
        return HostPart(
            owner=self._ingress.ref,
            host=host,
            rules=rules,
            fallback=fallback,
            tls=tls.is_on,
            certificate=tls.certificate,
            regex=manner is Manner.COMPATIBLE and any(rule.regex for rule in rules),
            servers=self._effects.servers,
            internal=self._effects.internal,
            size=size,
            guarded=self._effects.guard_access,
        )

    def _rule(self, field: str, path: HTTPPath) -> PathRule | None:
        """Turn a path into a rule; None, with a problem, where it is not valid."""
        text = path.path or "/"
        if self._left.is_spent and not self._effects.guard_access:
            self._beyond.append(text)
            return None
        challenge = is_challenge(path)
        regex = not challenge and any(
            feature.is_expression(self._values, text) for feature in self._effects.of_paths
        )
        if problem := invalid_path(path, self._ingress.ref, f"{field}.path", regex=regex):
            shut = self._shut(path, field, regex=regex) if self._effects.guard_access else None
            self._problems.append(replace(problem, meanwhile=_SHUT) if shut else problem)
            return shut
        type_ = PathType.IMPLEMENTATION_SPECIFIC if not path.path else path.path_type
        rule = PathRule(
            path=text,
            type=type_,
            regex=regex,
            field=field,
            route=Route(self._unavailable),
            challenge=challenge,
            instead=self._instead(path, field, regex=regex),
            size=sizes.of_rule(text, type_, self._unavailable, regex=regex),
        )
        served = None if self._left.is_spent else self._served(rule, path.backend)
        if served and self._left.take(paths=1, size=served.size):
            return served
        self._beyond.append(text)
        return rule if self._effects.guard_access else None

    def _served(self, rule: PathRule, backend: Backend) -> PathRule:
        """Return a rule with its backend, and all that its annotations add."""
        route = self._route(backend, f"{rule.field}.backend")
        if is_open(rule.path, self._installation.options[NO_AUTH_LOCATIONS]):
            route = route.without(Phase.AUTHENTICATION)
        features = self._effects.of_paths
        pattern = rule.matched() if features else None
        own = [
            effect
            for feature in features
            if pattern
            for effect in feature.path_effects(self._values, rule.path, pattern)
            if not (rule.challenge and effect.phase is Phase.REWRITE)
        ]
        size = sizes.of_rule(rule.path, rule.type, route.handler, regex=rule.regex)
        locations = 2 if rule.type is PathType.PREFIX and not rule.regex else 1
        size += locations * (self._own_size + sizes.of_effects(own, tls=True))
        return replace(rule, route=Route(route.handler, (*route.effects, *own)), size=size)

    @cached_property
    def _unavailable(self) -> Handler:
        return Handler(owner=self._ingress.ref, action=UNAVAILABLE)

    def _instead(self, path: HTTPPath, field: str, *, regex: bool) -> PathRule | None:
        """Answer 503 to what begins as an expression does, where the expression would be asked.

        Not as a prefix: expressions are asked before those, and a longer one before a shorter.
        """
        if not regex or not self._effects.guard_access:
            return None
        place = place_of(path.path, regex=regex)
        return PathRule(
            path=re.escape(place.path if place else "/"),
            type=PathType.IMPLEMENTATION_SPECIFIC,
            regex=True,
            field=field,
            route=Route(self._unavailable),
            stands_for=path.path,
        )

    def _shut(self, path: HTTPPath, field: str, *, regex: bool) -> PathRule | None:
        """Answer 503 where requests for a path arrive that is guarded and cannot be served."""
        place = place_of(path.path, regex=regex)
        if place is None:
            return None
        return PathRule(
            path=place.path,
            type=path.path_type if place.is_whole else PathType.IMPLEMENTATION_SPECIFIC,
            regex=False,
            field=field,
            route=Route(self._unavailable),
        )

    def _route(self, backend: Backend, field: str) -> Route:
        """Say what becomes of requests for a backend."""
        target = self._targets.get(backend)
        if target is None:
            target = self._targets[backend] = resolve(
                backend,
                self._effects.upstream,
                Subject(self._ingress.ref, field),
                self._reads,
                self._installation.settings,
            )
        if target.problem:
            self._problems.append(replace(target.problem, field=field))
        if target.upstream:
            self._upstreams.setdefault(target.upstream.name, target.upstream)
        handler = Handler(
            owner=self._ingress.ref,
            action=UNAVAILABLE if self._effects.denied else target.action,
            service=target.service,
            port=target.port,
        )
        return Route(handler, self._effects.locations)


def _swollen(
    ingress: Ingress, effects: FeatureEffects, hosts: Hosts, bounds: Bounds
) -> Problem | None:
    """Refuse to write a configuration that is mostly one Ingress's annotations."""
    paths = min(bounds.ingress_paths, sum(map(len, hosts.values())))
    around = len(hosts) * sizes.of_host("", ingress.ref, effects.servers, effects.internal)
    if effects.lines * paths > MOST_LINES:
        message = (
            f"Its annotations come to {effects.lines} lines for each of {paths} paths; one "
            f"Ingress may have {MOST_LINES} in all."
        )
    elif around > bounds.ingress_bytes and (effects.servers or effects.internal):
        message = (
            f"Its annotations come to {around} bytes for its {len(hosts)} hosts; one Ingress "
            f"may take {described(Size(bounds.ingress_bytes))} ({MAX_INGRESS_BYTES.name})."
        )
    else:
        return None
    return too_much(
        ingress, "metadata.annotations", message, "its paths answer 503, since some guard access"
    )


def _invalid_name(ingress: Ingress) -> Problem:
    return problems.error(
        ingress.ref,
        "metadata.name",
        Code.NAME_INVALID,
        f"{shown(str(ingress.name))} is not a name that Kubernetes takes.",
        "Write DNS labels in lower case.",
        meanwhile="this Ingress is left out",
    )


def _invalid_host(ingress: Ingress, host: str, field: str) -> Problem:
    return problems.error(
        ingress.ref,
        field,
        Code.HOST_INVALID,
        f"{shown(host)} is not a host name.",
        "Write a DNS name in lower case, such as shop.example.com or *.example.com.",
        meanwhile="this rule is left out",
    )


def _no_catch_all(ingress: Ingress) -> Problem:
    return problems.error(
        ingress.ref,
        "spec.rules",
        Code.HOST_INVALID,
        "A rule without a host, or a default backend, answers for every unknown host.",
        "Name a host, or ask the admin about --disable-catch-all.",
        meanwhile="unknown hosts are not answered by this Ingress",
    )
