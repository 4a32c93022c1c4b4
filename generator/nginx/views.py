"""What templates get: every decision taken, every value written."""

import re

from msgspec import Struct

from generator.model import (
    AccessRule,
    Answer,
    Certificate,
    Endpoint,
    Expression,
    Handler,
    Host,
    HostKind,
    Location,
    Match,
    Protocol,
    Proxy,
    Regex,
    Rewrite,
    Server,
    Text,
    Upstream,
    Word,
)
from generator.nginx import quoting
from generator.nginx.errors import Unwritable
from generator.nginx.markers import marker
from generator.nginx.quoting import Written
from generator.nginx.surroundings import Capabilities, HttpDefaults, Surroundings

_HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")

_SCHEMES: dict[Protocol, Text | Expression] = {
    Protocol.HTTP: Text("http://"),
    Protocol.HTTPS: Text("https://"),
    Protocol.AUTO_HTTP: Expression("$scheme://"),
    Protocol.GRPC: Text("grpc://"),
    Protocol.GRPCS: Text("grpcs://"),
    Protocol.FCGI: Text(""),
}
_DIRECTIVES = {
    Protocol.GRPC: "grpc_pass",
    Protocol.GRPCS: "grpc_pass",
    Protocol.FCGI: "fastcgi_pass",
}


class LocationView(Struct, frozen=True, kw_only=True):
    """One `location`."""

    owner: Written | None
    """`namespace/name` of the Ingress; None where nobody asked for it."""
    match: Written
    """Modifier and path."""
    ingress: Written
    service: Written
    port: Written
    rule: Written
    """These four are for the access log; empty where there is none."""
    redirect_to_https: bool
    access: tuple[Written, ...]
    """`allow` and `deny`, in order."""
    rewrite: Written | None
    """Pattern and target."""
    directives: tuple[Written, ...]
    action: tuple[Written, ...]
    """The directives that answer, or pass the request on."""


class ServerView(Struct, frozen=True, kw_only=True):
    """One `server`."""

    name: Written
    listens: tuple[Written, ...]
    """Arguments of each `listen`."""
    certificate: Written | None
    """A file with chain and key; None: the one of the default server."""
    hsts: bool
    locations: tuple[LocationView, ...]


class UpstreamView(Struct, frozen=True, kw_only=True):
    """One `upstream`."""

    name: Written
    service: Written
    """`namespace/name`, for a comment."""
    servers: tuple[Written, ...]
    """Arguments of each `server`."""


def upstream(upstream: Upstream) -> UpstreamView:
    """Show an upstream."""
    return UpstreamView(
        name=quoting.word(upstream.name),
        service=quoting.comment(str(upstream.service.name)),
        servers=tuple(_endpoint(e) for e in upstream.endpoints),
    )


def server(server: Server, surroundings: Surroundings, default: Certificate) -> ServerView:
    """Show a server.

    Only the default one names the default certificate: nginx falls back on it, and a
    TLS context for each server would cost time and memory.
    """
    certificate = server.certificate or (default if server.host.kind is HostKind.DEFAULT else None)
    return ServerView(
        name=_server_name(server.host),
        listens=_listens(server.host, surroundings),
        certificate=_file(certificate, surroundings) if certificate else None,
        hsts=server.tls and surroundings.http.hsts,
        locations=tuple(location(one, surroundings.capabilities) for one in server.locations),
    )


def location(location: Location, capabilities: Capabilities) -> LocationView:
    """Show a location. Raises Unwritable with the owner who asked for it."""
    handler = location.handler
    try:
        return LocationView(
            owner=marker(handler.owner) if handler.owner else None,
            match=_match(location),
            ingress=quoting.text(str(handler.owner.name) if handler.owner else ""),
            service=quoting.text(handler.service),
            port=quoting.text(handler.port),
            rule=quoting.text(location.rule),
            redirect_to_https=handler.redirect_to_https,
            access=tuple(_access(rule) for rule in handler.access),
            rewrite=_rewrite(handler.rewrite) if handler.rewrite else None,
            directives=tuple(quoting.directive(d) for d in handler.directives),
            action=_action(handler, capabilities),
        )
    except Unwritable as error:
        error.owner = handler.owner
        raise
    except Exception as error:  # a bug of ours costs the one who meets it
        unwritable = Unwritable(str(error) or repr(error))
        unwritable.owner = handler.owner
        raise unwritable from error


def hsts(http: HttpDefaults) -> Written:
    """Write the value of Strict-Transport-Security."""
    parts = [f"max-age={http.hsts_max_age_s}"]
    parts += ["includeSubDomains"] if http.hsts_include_subdomains else []
    parts += ["preload"] if http.hsts_preload else []
    return quoting.text("; ".join(parts))


def resolvers(surroundings: Surroundings) -> tuple[Written, ...]:
    """Write the arguments of `resolver`."""
    return tuple(quoting.word(_bracketed(address)) for address in surroundings.resolvers)


def _endpoint(endpoint: Endpoint) -> Written:
    # Without passive checks, as ingress-nginx: readiness is Kubernetes' to tell, and a
    # failed request is tried at the next endpoint anyway.
    address = quoting.word(f"{_bracketed(endpoint.address)}:{endpoint.port}")
    return Written(f"{address} max_fails=0")


def _bracketed(address: str) -> str:
    return f"[{address}]" if address.count(":") > 1 else address


def _server_name(host: Host) -> Written:
    if host.kind is HostKind.DEFAULT:
        return quoting.word("_")
    if not _HOST.fullmatch(host.name):
        raise Unwritable(f"{host.name!r} is not a host.")
    if host.kind is HostKind.WILDCARD:
        # nginx's own *.example.com would take any number of labels.
        pattern = "~^[^.]+" + host.name.removeprefix("*").replace(".", r"\.") + "$"
        return quoting.written(Regex(pattern))
    return quoting.word(host.name)


def _listens(host: Host, surroundings: Surroundings) -> tuple[Written, ...]:
    default = " default_server" if host.kind is HostKind.DEFAULT else ""
    addresses = ("", "[::]:") if surroundings.ipv6 else ("",)
    ports = ((surroundings.http_port, ""), (surroundings.https_port, " ssl"))
    return tuple(
        Written(f"{address}{port}{ssl}{default}") for port, ssl in ports for address in addresses
    )


def _file(certificate: Certificate, surroundings: Surroundings) -> Written:
    return quoting.text(f"{surroundings.files}/{certificate.file.digest}")


def _match(location: Location) -> Written:
    path = quoting.written(location.path)
    if isinstance(location.path, Word) and not location.path.text.startswith("/"):
        raise Unwritable(f"The path {location.path.text!r} does not start with a slash.")
    return Written(f"{location.match.value} {path}") if location.match is not Match.PREFIX else path


def _access(rule: AccessRule) -> Written:
    return quoting.line("allow" if rule.allow else "deny", Word(rule.network))


def _rewrite(rewrite: Rewrite) -> Written:
    return Written(f"{quoting.written(rewrite.pattern)} {quoting.written(rewrite.target)}")


def _action(handler: Handler, capabilities: Capabilities) -> tuple[Written, ...]:
    action = handler.action
    if isinstance(action, Answer):
        return (_answer(action),)
    if not _spoken(action.protocol, capabilities):
        return (_answer(Answer(status=503)),)
    if isinstance(action, Proxy):
        return (_pass(action.protocol, Text(action.upstream)),)
    # A name in a variable is resolved as requests come, so that a name that is not known
    # (yet) is no reason for nginx to refuse the configuration.
    target = Text(f"{_bracketed(action.host)}:{action.port}")
    return (
        quoting.line("set", Expression("$pillion_target"), target),
        _pass(action.protocol, Expression("$pillion_target")),
    )


def _answer(answer: Answer) -> Written:
    body = (Text(answer.body),) if answer.body else ()
    return quoting.line("return", answer.status, *body)


def _spoken(protocol: Protocol, capabilities: Capabilities) -> bool:
    if protocol in (Protocol.GRPC, Protocol.GRPCS):
        return capabilities.grpc
    return capabilities.fastcgi if protocol is Protocol.FCGI else True


def _pass(protocol: Protocol, target: Text | Expression) -> Written:
    url = quoting.joined(_SCHEMES[protocol], target)
    return quoting.line(_DIRECTIVES.get(protocol, "proxy_pass"), url)
