"""What the admin names for all hosts: the default backend and the default certificate."""

from msgspec import Struct

from generator import problems
from generator.effects import UpstreamSettings
from generator.model import Certificate, Handler, Upstream
from generator.objects import Backend, Kind, Name, ObjectRef, ServicePortRef, ServiceRef
from generator.problems import Code, Problem, Problems
from generator.translation.backends import UNAVAILABLE, ResolvedBackend, Subject, resolve
from generator.translation.certificates import CertificateLookup, find_certificate
from generator.translation.memo import Memo, Reads
from generator.translation.merge import NOT_FOUND
from generator.translation.settings import TranslationSettings


class DefaultBackend(Struct, frozen=True):
    """Who answers what no rule names."""

    handler: Handler
    upstreams: tuple[Upstream, ...] = ()
    problems: Problems = ()


def default_backend(options: TranslationSettings, memo: Memo) -> DefaultBackend:
    """Find who answers what no rule names: the Service of the flag, or Pillion itself."""
    if options.default_backend is None:
        return DefaultBackend(NOT_FOUND)
    name = options.default_backend

    def computed(reads: Reads) -> DefaultBackend:
        target = _default_target(name, reads, options)
        handler = Handler(
            owner=None, action=target.action, service=target.service, port=target.port
        )
        return DefaultBackend(
            NOT_FOUND if target.action is UNAVAILABLE else handler,
            (target.upstream,) if target.upstream else (),
            (target.problem,) if target.problem else (),
        )

    return memo.recall("default backend", (options,), computed)


def _default_target(name: Name, reads: Reads, options: TranslationSettings) -> ResolvedBackend:
    """Use the first port of the Service, as ingress-nginx does."""
    service = reads.service(name)
    first = service.spec.ports[0].port if service and service.spec.ports else 0
    backend = Backend(service=ServiceRef(name=name.name, port=ServicePortRef(number=first)))
    subject = Subject(
        ObjectRef(Kind.SERVICE, name), "--default-backend-service", "Pillion itself answers 404"
    )
    return resolve(backend, UpstreamSettings(), subject, reads, options)


def default_certificate(options: TranslationSettings, memo: Memo) -> tuple[Certificate, Problems]:
    """Find what https answers with where no TLS section has a certificate."""
    name = options.default_certificate
    if name is None:
        return options.fallback_certificate, ()

    def computed(reads: Reads) -> tuple[Certificate, Problems]:
        found = find_certificate(name, reads)
        served = found.certificate or options.fallback_certificate
        return served, (_unusable_default(name, found),) if found.wrong else ()

    return memo.recall("default certificate", (options,), computed)


def _unusable_default(name: Name, found: CertificateLookup) -> Problem:
    served = "the last good one" if found.certificate else "a self-signed one"
    return problems.error(
        ObjectRef(Kind.SECRET, name),
        "--default-ssl-certificate",
        Code.CERTIFICATE_INVALID,
        found.wrong,
        "Create it with type kubernetes.io/tls.",
        meanwhile=f"{served} is served",
    )
