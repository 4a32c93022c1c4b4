"""What one Ingress asks for, whatever other Ingresses ask for."""

from collections.abc import Iterable, Iterator
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.annotations.access import ALLOWLIST_SOURCE_RANGE, DENYLIST_SOURCE_RANGE
from generator.annotations.backends import BACKEND_PROTOCOL
from generator.annotations.canary import CANARY
from generator.annotations.reading import NOTHING_ALLOWED, Values, read
from generator.annotations.redirects import FORCE_SSL_REDIRECT, SSL_REDIRECT
from generator.annotations.rewriting import REWRITE_TARGET, USE_REGEX
from generator.model import AccessRule, Certificate, Handler, Upstream
from generator.names import is_host, is_label, is_subdomain
from generator.objects import Backend, HTTPPath, Ingress, Name, ObjectRef, PathType
from generator.problems import Code, Problem, Problems, shown
from generator.translation.backends import UNAVAILABLE, ResolvedBackend, Subject, resolve
from generator.translation.certificates import CertificateLookup, covers, find_certificate
from generator.translation.directives import directives
from generator.translation.limits import MOST_ACCESS_LINES, too_much, within_limits
from generator.translation.memo import Reads
from generator.translation.paths import PathRule, invalid_path
from generator.translation.settings import TranslationSettings


class Redirect(Enum):
    """When http is answered with a redirect to https."""

    NEVER = "never"
    WITH_TLS = "where the host has TLS, be it by another Ingress"
    ALWAYS = "always"


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
    fallback: Handler | None = None
    """Who answers paths without a rule (`spec.defaultBackend`)."""
    redirect: Redirect
    tls: bool = False
    certificate: Certificate | None = None
    regex: bool = False
    """Whether it makes every path of the host a regular expression (compatibility)."""


class Contribution(Struct, frozen=True, kw_only=True):
    """All that one Ingress adds."""

    parts: tuple[HostPart, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    problems: Problems = ()
    certificates: tuple[tuple[Name, Certificate], ...] = ()
    """Those of its TLS sections that are served, with their Secrets."""
    trace: str = ""
    """Of a bug of ours that it tripped over."""


def contribute(
    ingress: Ingress, reads: Reads, options: TranslationSettings, manner: Manner
) -> Contribution:
    """Work out what an Ingress asks for. Its mistakes cost it what they touch, no more."""
    if not (is_label(ingress.name.namespace) and is_subdomain(ingress.name.name)):
        return Contribution(problems=(_invalid_name(ingress),))
    ingress, values, problems = _read(ingress, options, manner)
    if values[CANARY]:
        return Contribution(problems=(*problems, _canary(ingress)))
    work = _Work(ingress, values, reads, options, list(problems))
    parts = tuple(work.parts(manner))
    return Contribution(
        parts=parts,
        upstreams=tuple({u.name: u for u in work.upstreams}.values()),
        problems=tuple(dict.fromkeys(work.problems)),
        certificates=tuple(work.certificates.items()),
    )


def _read(
    ingress: Ingress, options: TranslationSettings, manner: Manner
) -> tuple[Ingress, Values, Problems]:
    """Read annotations, and bound what the Ingress may ask for."""
    if manner is Manner.UNAVAILABLE:
        ingress = replace(ingress, spec=replace(ingress.spec, tls=()))
        values, problems = NOTHING_ALLOWED, tuple[Problem, ...]()
    else:
        annotations = ingress.metadata.annotations
        values, problems = read(annotations, options.annotations_prefix, ingress.ref)
    ingress, beyond = within_limits(ingress)
    values, swollen = _bounded(ingress, values)
    return ingress, values, (*problems, *beyond, *swollen)


def _by_host(ingress: Ingress) -> dict[str, list[tuple[str, HTTPPath]]]:
    """Return each host its paths, with the field that each stands in.

    A default backend also answers hosts that nobody names, and those of the TLS section.
    """
    hosts: dict[str, list[tuple[str, HTTPPath]]] = {}
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


def _redirect(values: Values) -> Redirect:
    if values[FORCE_SSL_REDIRECT]:
        return Redirect.ALWAYS
    return Redirect.WITH_TLS if values[SSL_REDIRECT] else Redirect.NEVER


_WAYS_OUT = {
    Code.SECRET_NOT_FOUND: "Create it with type kubernetes.io/tls.",
    Code.CERTIFICATE_INVALID: "Replace it.",
}


class _Work:
    """One Ingress on its way to a contribution; collects problems and upstreams."""

    def __init__(
        self,
        ingress: Ingress,
        values: Values,
        reads: Reads,
        options: TranslationSettings,
        problems: list[Problem],
    ) -> None:
        self.ingress = ingress
        self.values = values
        self.reads = reads
        self.options = options
        self.problems = problems
        self.upstreams: list[Upstream] = []
        self.certificates: dict[Name, Certificate] = {}
        self._sections = [frozenset(h.lower() for h in tls.hosts) for tls in ingress.spec.tls]
        self._secrets: dict[Name, CertificateLookup] = {}

    def parts(self, manner: Manner) -> Iterator[HostPart]:
        """Return what the Ingress adds to each of its hosts."""
        fallback = self.fallback()
        for host, paths in _by_host(self.ingress).items():
            if host and not is_host(host):
                self.problems.append(_invalid_host(self.ingress, host))
                continue
            if not host and not self.options.catch_all:
                self.problems.append(_no_catch_all(self.ingress))
                continue
            rules = tuple(self.rules(paths))
            tls = next(self.tls_sections(host), None)
            yield HostPart(
                owner=self.ingress.ref,
                host=host,
                rules=rules,
                fallback=fallback,
                redirect=_redirect(self.values),
                tls=tls is not None,
                certificate=None if tls is None else self.certificate(tls, host),
                regex=manner is Manner.COMPATIBLE and any(rule.regex for rule in rules),
            )

    def rules(self, paths: Iterable[tuple[str, HTTPPath]]) -> Iterator[PathRule]:
        """Turn paths into rules, each with its handler."""
        for field, path in paths:
            text = path.path or "/"
            target = self.values[REWRITE_TARGET]
            if target and target.text == text:
                target = None  # as in ingress-nginx: everything below stays as it is
            regex = self.values[USE_REGEX] or target is not None
            problem = invalid_path(path, self.ingress.ref, f"{field}.path", regex=regex)
            if problem:
                self.problems.append(problem)
                continue
            rule = PathRule(
                path=text,
                type=PathType.IMPLEMENTATION_SPECIFIC if not path.path else path.path_type,
                regex=regex,
                field=field,
                handler=self.handler(path.backend, f"{field}.backend"),
            )
            yield rule.rewritten(target) if target else rule

    def fallback(self) -> Handler | None:
        """Return the handler of the default backend, if there is one."""
        backend = self.ingress.spec.default_backend
        return self.handler(backend, "spec.defaultBackend") if backend else None

    def handler(self, backend: Backend, field: str) -> Handler:
        """Say what becomes of requests for a backend."""
        target = self._target(backend, field)
        return Handler(
            owner=self.ingress.ref,
            action=UNAVAILABLE if self.values.denied else target.action,
            service=target.service,
            port=target.port,
            access=_access(self.values),
            directives=directives(self.values),
        )

    def _target(self, backend: Backend, field: str) -> ResolvedBackend:
        subject = Subject(self.ingress.ref, field)
        protocol = self.values[BACKEND_PROTOCOL]
        target = resolve(backend, protocol, subject, self.reads, self.options)
        if target.problem:
            self.problems.append(target.problem)
        if target.upstream:
            self.upstreams.append(target.upstream)
        return target

    def tls_sections(self, host: str) -> Iterator[int]:
        """Find the TLS sections for a host: by name, by wildcard, those without hosts.

        Then, as in ingress-nginx, those whose certificate is for the host.
        """
        sections = self._sections
        for name in (host, "*." + host.partition(".")[2]) if host else ():
            yield from (i for i, hosts in enumerate(sections) if name in hosts)
        yield from (i for i, hosts in enumerate(sections) if not hosts)
        yield from (i for i in range(len(sections)) if host and self._is_for(i, host))

    def _is_for(self, section: int, host: str) -> bool:
        found = self._found(section)
        return bool(found and found.certificate and covers(found.certificate, host))

    def _found(self, section: int) -> CertificateLookup | None:
        secret = self.ingress.spec.tls[section].secret_name
        if not secret:
            return None
        name = Name(self.ingress.name.namespace, secret)
        if name not in self._secrets:
            self._secrets[name] = find_certificate(name, self.reads)
        return self._secrets[name]

    def certificate(self, section: int, host: str) -> Certificate | None:
        """Find the certificate of a TLS section; None, the default one, where there is none."""
        found = self._found(section)
        if found is None:
            return None
        field = f"spec.tls[{section}].secretName"
        name = Name(self.ingress.name.namespace, self.ingress.spec.tls[section].secret_name)
        certificate = found.certificate
        if found.wrong:
            kind = "last good" if certificate else "default"
            hint = _WAYS_OUT[found.code]
            meanwhile = f"https answers with the {kind} certificate"
            self.problems.append(
                problems.error(
                    self.ingress.ref, field, found.code, found.wrong, hint, meanwhile=meanwhile
                )
            )
        if certificate is None:
            return None
        self.certificates[name] = certificate
        if host and not covers(certificate, host):
            self.problems.append(
                problems.warning(
                    self.ingress.ref,
                    field,
                    Code.CERTIFICATE_INVALID,
                    f"The certificate in Secret {name} is not for host {host}.",
                    "Issue one with that DNS name.",
                    meanwhile="it is served, and browsers warn",
                )
            )
        return certificate


def _bounded(ingress: Ingress, values: Values) -> tuple[Values, list[Problem]]:
    """Deny rather than write a configuration that is mostly one Ingress's networks."""
    networks = len(_access(values))
    paths = sum(len(rule.http.paths) for rule in ingress.spec.rules if rule.http)
    if networks * paths <= MOST_ACCESS_LINES:
        return values, []
    message = f"It has {networks} networks for each of {paths} paths."
    problem = too_much(
        ingress, "metadata.annotations", message, "its paths answer 503, since these guard access"
    )
    return NOTHING_ALLOWED, [problem]


def _access(values: Values) -> tuple[AccessRule, ...]:
    denied = [AccessRule(allow=False, network=n) for n in values[DENYLIST_SOURCE_RANGE]]
    allowed = [AccessRule(allow=True, network=n) for n in values[ALLOWLIST_SOURCE_RANGE]]
    return (*denied, *allowed, *([AccessRule(allow=False, network="all")] if allowed else []))


def _invalid_name(ingress: Ingress) -> Problem:
    return problems.error(
        ingress.ref,
        "metadata.name",
        Code.NAME_INVALID,
        f"{shown(str(ingress.name))} is not a name that Kubernetes takes.",
        "Write DNS labels in lower case.",
        meanwhile="this Ingress is left out",
    )


def _canary(ingress: Ingress) -> Problem:
    return problems.error(
        ingress.ref,
        CANARY.name,
        Code.ANNOTATION_NOT_SUPPORTED,
        "Pillion does not split traffic between an Ingress and its canary yet.",
        "Remove the annotation to have it served like any other.",
        meanwhile="it is left out",
    )


def _invalid_host(ingress: Ingress, host: str) -> Problem:
    fields = [
        f"spec.rules[{i}].host" for i, r in enumerate(ingress.spec.rules) if r.host.lower() == host
    ]
    return problems.error(
        ingress.ref,
        fields[0] if fields else "spec.tls",
        Code.HOST_INVALID,
        f"{shown(host)} is not a host name.",
        "Write a DNS name in lower case, with *. before it for one label more.",
        meanwhile="this rule is left out",
    )


def _no_catch_all(ingress: Ingress) -> Problem:
    return problems.error(
        ingress.ref,
        "spec.rules.host",
        Code.HOST_INVALID,
        "A rule without a host, or a default backend, answers for every unknown host.",
        "Name a host, or ask the admin about --disable-catch-all.",
        meanwhile="unknown hosts are not answered by this Ingress",
    )
