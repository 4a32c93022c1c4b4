"""From what a rule names to where requests go. Rules: Service, EndpointSlice."""

import hashlib
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.effects import UpstreamSettings
from generator.model import (
    Action,
    Answer,
    Endpoint,
    Pool,
    Protocol,
    Proxy,
    ProxyByName,
    Upstream,
)
from generator.names import Reach, is_address, is_label, is_network_host
from generator.objects import (
    Backend,
    Kind,
    Name,
    ObjectRef,
    Service,
    ServicePort,
    ServicePortRef,
)
from generator.problems import Code, Problem, shown
from generator.translation.endpoints import FoundEndpoints, find_endpoints
from generator.translation.memo import Reads
from generator.translation.service_ports import ServicePorts, is_port
from generator.translation.settings import TranslationSettings

UNAVAILABLE = Answer(status=503)
_POOLED = frozenset({Protocol.HTTP, Protocol.GRPC, Protocol.FCGI})
"""A connection with TLS was made for one name, and must not serve another."""


class ResolvedBackend(Struct, frozen=True, kw_only=True):
    """Where a backend's requests go."""

    action: Action
    upstream: Upstream | None = None
    service: str = ""
    port: str = ""
    problem: Problem | None = None


class Subject(Struct, frozen=True):
    """Whose field it is that a problem with a backend belongs to."""

    object: ObjectRef
    field: str
    meanwhile: str = "it is answered 503"

    def unavailable(
        self,
        code: Code,
        message: str,
        hint: str,
        weighed: Callable[..., Problem] = problems.error,
    ) -> ResolvedBackend:
        """Answer 503, and say why."""
        problem = weighed(self.object, self.field, code, message, hint, meanwhile=self.meanwhile)
        return ResolvedBackend(action=UNAVAILABLE, problem=problem)


def resolve(
    backend: Backend,
    how: UpstreamSettings,
    subject: Subject,
    reads: Reads,
    options: TranslationSettings,
) -> ResolvedBackend:
    """Find the endpoints of a backend in the namespace of the object that names it."""
    if backend.service is None:
        kind = shown(backend.resource.kind) if backend.resource else "nothing"
        return subject.unavailable(
            Code.BACKEND_NOT_SUPPORTED,
            f"The backend is {kind}; Pillion passes requests to Services only.",
            "Name a Service under backend.service.",
        )
    name = Name(subject.object.name.namespace, backend.service.name)
    service = reads.service(name) if is_label(name.name) else None
    if service is None:
        return subject.unavailable(
            Code.SERVICE_NOT_FOUND,
            f"There is no Service {shown(name.name)} in namespace {name.namespace}.",
            "Create it, or name one that exists.",
        )
    wanted = backend.service.port
    ports = reads.once((Kind.SERVICE, name), lambda: ServicePorts.of(service))
    if service.spec.type == "ExternalName":
        return _external(ports, wanted, how, subject, reads, options)
    direct = ports.find(wanted)
    port = direct or ports.by_target.get(wanted.name or wanted.number)
    if port is None:
        return subject.unavailable(
            Code.SERVICE_PORT_NOT_FOUND,
            f"Service {name} has no port {_port(wanted)}.",
            f"Name one of its ports: {ports.listed()}.",
        )
    target = _to_endpoints(service, port, how, subject, reads, options.reach)
    if direct or target.problem:
        return target
    return replace(target, problem=_told(subject, name, port))


def _to_endpoints(  # noqa: PLR0913, PLR0917 - what a backend is, and how it is reached
    service: Service,
    port: ServicePort,
    how: UpstreamSettings,
    subject: Subject,
    reads: Reads,
    reach: Reach,
) -> ResolvedBackend:
    found = find_endpoints(service, port, reads, reach)
    if not found.endpoints:
        return _without_endpoints(service, port, found, subject)
    target = _proxied(service, port, how, found.endpoints)
    if not found.renamed:
        return target
    return replace(target, problem=_renamed(subject, service.name, port, found))


def _told(subject: Subject, service: Name, port: ServicePort) -> Problem:
    return problems.info(
        subject.object,
        subject.field,
        Code.SERVICE_PORT_NOT_FOUND,
        f"{port.target_port} is what the Pods listen on, not a port of Service {service}.",
        f"Write {port.port}.",
        meanwhile="that port is used, as in ingress-nginx",
    )


def _port(wanted: ServicePortRef) -> str:
    return shown(wanted.name) if wanted.name else str(wanted.number)


def _renamed(subject: Subject, service: Name, port: ServicePort, found: FoundEndpoints) -> Problem:
    return problems.info(
        subject.object,
        subject.field,
        Code.PORT_RENAMED,
        f"{_named(port.name)} of Service {service} has no endpoint; its EndpointSlices have "
        f"{found.described}.",
        "They follow by themselves where Kubernetes makes them; else give both one name.",
        meanwhile="the port of that number is used",
    )


def _named(name: str) -> str:
    return f"Port {shown(name)}" if name else "The port without a name"


def _without_endpoints(
    service: Service, port: ServicePort, found: FoundEndpoints, subject: Subject
) -> ResolvedBackend:
    message = f"Service {service.name} has no ready endpoint for port {port.name or port.port}"
    if not found.described:
        message, hint = f"{message}.", "Look at its Pods and at its selector."
    else:
        wanted = f"named {shown(port.name)}" if port.name else "without a name"
        message = f"{message}: its EndpointSlices have {found.described}, and none {wanted}."
        hint = "Names have to be the same: write that of the Service where the endpoints are."
    return subject.unavailable(Code.NO_ENDPOINTS, message, hint, problems.warning)


def _proxied(
    service: Service,
    port: ServicePort,
    how: UpstreamSettings,
    endpoints: tuple[Endpoint, ...],
) -> ResolvedBackend:
    pooled = how.protocol in _POOLED and not how.statements
    upstream = Upstream(
        name=_upstream_name(service.name, port, how),
        service=ObjectRef(Kind.SERVICE, service.name),
        endpoints=endpoints,
        statements=how.statements,
        pool=Pool(service.name.namespace, how.protocol) if pooled else None,
    )
    return ResolvedBackend(
        action=Proxy(upstream=upstream.name, protocol=how.protocol, pool=upstream.pool),
        upstream=upstream,
        service=str(service.name),
        port=port.name or str(port.port),
    )


def _upstream_name(service: Name, port: ServicePort, how: UpstreamSettings) -> str:
    """Name an upstream so that nginx finds it fast: by hash first, and by how it is spoken to.

    Kept-alive connections belong to an upstream; one may not speak two protocols. The dot
    stands in no name of a namespace: a-b/c and a/b-c differ even where their hashes, of
    which a port's name is a part, were made to be the same.
    """
    protocol = how.protocol
    parts = [service.namespace, service.name, str(port.port), port.name, protocol]
    parts += [repr(how.statements)] if how.statements else []
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()
    readable = f"{digest[:8]}-{service.namespace}.{service.name}-{port.port}"
    return readable if protocol is Protocol.HTTP else f"{readable}-{protocol.lower()}"


def _full_name(name: str, reads: Reads, domain: str) -> str:
    """Complete the name of a Service as a Pod's search list would: nginx knows of none.

    `web.shop.svc` is one whatever there is; `web.shop` only where there is such a Service,
    since it may be a domain as well.
    """
    labels = name.split(".")
    if name.endswith(".") or not domain or not all(map(is_label, labels)):
        return name.rstrip(".")
    if len(labels) == _SERVICE_LABELS + 1 and labels[-1] == "svc":
        return f"{name}.{domain}"
    if len(labels) == _SERVICE_LABELS and reads.service(Name(labels[1], labels[0])):
        return f"{name}.svc.{domain}"
    return name


def _external(  # noqa: PLR0913, PLR0917 - as above
    ports: ServicePorts,
    wanted: ServicePortRef,
    how: UpstreamSettings,
    subject: Subject,
    reads: Reads,
    options: TranslationSettings,
) -> ResolvedBackend:
    service = ports.service
    host = _full_name(service.spec.external_name.lower(), reads, options.cluster_domain)
    port = ports.find(wanted)
    number = port.port if port else wanted.number
    if not options.external_names:
        return subject.unavailable(
            Code.BACKEND_NOT_SUPPORTED,
            f"Service {service.name} is of type ExternalName, which this installation shuts out.",
            "Name a Service with endpoints, or ask the admin about --disable-svc-external-name.",
        )
    if not is_port(number):
        return subject.unavailable(
            Code.SERVICE_PORT_NOT_FOUND,
            f"Service {service.name} has no port {_port(wanted)}.",
            f"Name one of its ports: {ports.listed()}; or give a number.",
        )
    if not (is_network_host(host) and options.reach.admits(host)):
        return subject.unavailable(
            Code.BACKEND_NOT_SUPPORTED,
            f"Service {service.name} has externalName {shown(host)}, which is no host that "
            "may be asked.",
            "Give it a DNS name of another machine; not one of this node's or a cloud's own, nor "
            "in --denied-backend-networks.",
        )
    if is_address(host) or host == "localhost":
        endpoint = Endpoint(_ADDRESSES.get(host, host), number)
        return _proxied(service, ServicePort(port=number), how, (endpoint,))
    return ResolvedBackend(
        action=ProxyByName(host=host, port=number, protocol=how.protocol),
        service=str(service.name),
        port=str(number),
    )


_SERVICE_LABELS = 2
"""Of a Service's name and its namespace's."""
_ADDRESSES = {"localhost": "127.0.0.1"}
