"""What templates get: every decision taken, every value written."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from generator.directives import (
    Block,
    Directive,
    Expression,
    File,
    Joined,
    Regex,
    Row,
    Statement,
    Text,
    Word,
)
from generator.model import (
    Answer,
    Certificate,
    Endpoint,
    Handler,
    Host,
    HostKind,
    HttpPiece,
    HttpSettings,
    Location,
    Match,
    Pool,
    Protocol,
    Proxy,
    ProxyByName,
    Server,
    Upstream,
)
from generator.nginx import pools, quoting
from generator.nginx.capabilities import Capabilities
from generator.nginx.errors import Unwritable
from generator.nginx.escaping import ESCAPED_URI
from generator.nginx.families import Family, family_of, in_family
from generator.nginx.fastcgi import PARAMETERS
from generator.nginx.inheritance import HEADER_LISTS, with_inherited
from generator.nginx.markers import marker
from generator.nginx.quoting import Written
from generator.nginx.surroundings import Surroundings

_BACKLOG = 4096
_HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")

_SCHEMES: dict[Protocol, Text | Expression] = {
    Protocol.HTTP: Text("http://"),
    Protocol.HTTPS: Text("https://"),
    Protocol.AUTO_HTTP: Expression("$scheme://"),
    Protocol.GRPC: Text("grpc://"),
    Protocol.GRPCS: Text("grpcs://"),
    Protocol.FCGI: Text(""),
}


class LocationView(Struct, frozen=True, kw_only=True):
    """One `location`."""

    owner: Written | None
    """`namespace/name` of the Ingress; None where Pillion itself adds it."""
    match: Written
    """Modifier and path."""
    internal: bool
    """Whether clients cannot ask for it. Then it leaves the variables of the log alone."""
    ingress: Written
    service: Written
    port: Written
    rule: Written
    """These four are for the access log; empty where there is none."""
    lines: tuple[Written, ...]
    """All else, in order: limits, access, rewriting, settings, headers, and what answers."""


class ServerView(Struct, frozen=True, kw_only=True):
    """One `server`."""

    name: Written
    listens: tuple[Written, ...]
    """Arguments of each `listen`."""
    certificate: Written | None
    """A file with chain and key; None: the one of the default server."""
    lines: tuple[Written, ...]
    """Directives of the server itself."""
    locations: tuple[LocationView, ...]


class UpstreamView(Struct, frozen=True, kw_only=True):
    """One `upstream`."""

    name: Written
    service: Written
    """`namespace/name`, for a comment."""
    servers: tuple[Written, ...]
    """Arguments of each `server`."""
    balancing: tuple[Written, ...]
    """How requests are spread, where not in turn; comes before `lines`."""
    lines: tuple[Written, ...]


class PoolView(Struct, frozen=True, kw_only=True):
    """Upstreams whose endpoints come without a reload, as one `upstream`."""

    name: Written
    namespace: Written
    """For a comment."""
    lines: tuple[Written, ...]


class PieceView(Struct, frozen=True, kw_only=True):
    """What an Ingress adds outside of servers."""

    owner: Written
    lines: tuple[Written, ...]


class HttpView(Struct, frozen=True, kw_only=True):
    """What global options say outside of servers, a part of the file each, as lines."""

    process: tuple[Written, ...]
    clients: tuple[Written, ...]
    tls: tuple[Written, ...]
    variables: tuple[Written, ...]
    log: tuple[Written, ...]
    access_log: tuple[Written, ...]
    """Empty: requests are logged where `surroundings.access_log` says."""
    backends: tuple[Written, ...]


def http(settings: HttpSettings, capabilities: Capabilities) -> HttpView:
    """Show what global options say."""

    def shown(statements: Iterable[Statement]) -> tuple[Written, ...]:
        return tuple(quoting.lines(s for s in statements if _is_known(s, capabilities)))

    return HttpView(
        process=shown(settings.process),
        clients=shown(settings.clients),
        tls=shown(settings.tls),
        variables=shown((*settings.variables, *ESCAPED_URI)),
        log=shown(settings.log),
        access_log=shown(settings.access_log),
        backends=shown(s for each in Family for s in _backends(settings, each)),
    )


def piece(piece: HttpPiece) -> PieceView:
    """Show what an Ingress adds outside of servers."""
    return PieceView(owner=marker(piece.owner), lines=tuple(quoting.lines(piece.statements)))


def upstream(upstream: Upstream, lines: tuple[Written, ...]) -> UpstreamView:
    """Show an upstream, with the lines that every upstream has."""
    return UpstreamView(
        name=quoting.word(upstream.name),
        service=quoting.comment(str(upstream.service.name)),
        servers=tuple(_endpoint(e) for e in upstream.endpoints),
        balancing=tuple(quoting.lines(upstream.statements)),
        lines=lines,
    )


def pool(pool: Pool, shares: int, settings: HttpSettings) -> PoolView:
    """Show a pool that keeps so many upstreams' idle connections."""
    return PoolView(
        name=quoting.word(pools.name_of(pool)),
        namespace=quoting.comment(pool.namespace),
        lines=tuple(quoting.lines(pools.settings(settings.upstream, shares))),
    )


def server(
    server: Server, surroundings: Surroundings, settings: HttpSettings, default: Certificate
) -> ServerView:
    """Show a server.

    Only the default one names the default certificate: nginx falls back on it, and a
    TLS context for each server would cost time and memory.
    """
    certificate = server.certificate or (default if server.host.kind is HostKind.DEFAULT else None)
    return ServerView(
        name=_server_name(server.host),
        listens=_listens(server.host, surroundings, settings.listeners),
        certificate=quoting.written(_path(certificate.file, surroundings)) if certificate else None,
        lines=tuple(quoting.lines(_placed(server.statements, surroundings))),
        locations=tuple(location(one, server, surroundings, settings) for one in server.locations),
    )


def location(
    location: Location, server: Server, surroundings: Surroundings, settings: HttpSettings
) -> LocationView:
    """Show a location. Raises Unwritable with the owner who asked for it."""
    handler = location.handler
    try:
        said = _statements(handler, server, surroundings.capabilities, settings)
        return LocationView(
            owner=marker(handler.owner) if handler.owner else None,
            match=_match(location),
            internal=location.internal,
            ingress=quoting.text(str(handler.owner.name) if handler.owner else ""),
            service=quoting.text(handler.service),
            port=quoting.text(handler.port),
            rule=quoting.text(location.rule),
            lines=tuple(quoting.lines(_placed(said, surroundings))),
        )
    except Unwritable as error:
        error.owner = handler.owner
        raise
    except Exception as error:  # a bug costs the Ingress that meets it
        unwritable = Unwritable(str(error) or repr(error))
        unwritable.owner = handler.owner
        raise unwritable from error


def _statements(
    handler: Handler, server: Server, capabilities: Capabilities, settings: HttpSettings
) -> tuple[Statement, ...]:
    """Return all that stands in a location, in the family of what its backend speaks."""
    action = _action(handler, capabilities)
    # First: after `rewrite … break` it would have no effect.
    chosen = _chosen(handler, capabilities)
    if not handler.statements:
        return chosen + action
    family = _family(handler)
    own = tuple(s for s in in_family(handler.statements, family) if _is_known(s, capabilities))
    sets_headers = any(isinstance(s, Directive) and s.name in HEADER_LISTS for s in own)
    if not sets_headers:
        return chosen + own + action
    return chosen + with_inherited(own, server.statements, _backends(settings, family)) + action


def _family(handler: Handler) -> Family:
    action = handler.action
    return family_of(action.protocol) if isinstance(action, Proxy | ProxyByName) else Family.PROXY


def _backends(settings: HttpSettings, family: Family) -> tuple[Statement, ...]:
    found = tuple(in_family(settings.backends, family))
    return (*PARAMETERS, *found) if family is Family.FASTCGI else found


def _is_known(statement: Statement, capabilities: Capabilities) -> bool:
    return isinstance(statement, Row) or capabilities.knows(statement.name)


def resolvers(surroundings: Surroundings) -> tuple[Written, ...]:
    """Write the arguments of `resolver`."""
    return tuple(quoting.word(_bracketed(address)) for address in surroundings.resolvers)


def _endpoint(endpoint: Endpoint) -> Written:
    # Without passive checks, as ingress-nginx: Kubernetes decides what is ready, and a
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


def _listens(
    host: Host, surroundings: Surroundings, parameters: Iterable[Statement]
) -> tuple[Written, ...]:
    # As many connections as the kernel lets wait (net.core.somaxconn, 4,096) while workers change.
    default = f" default_server backlog={_BACKLOG}" if host.kind is HostKind.DEFAULT else ""
    more = "".join(f" {each.name}" for each in parameters if isinstance(each, Directive))
    addresses = ("", "[::]:") if surroundings.ipv6 else ("",)
    ports = ((surroundings.http_port, ""), (surroundings.https_port, " ssl"))
    return tuple(
        Written(f"{address}{port}{ssl}{default}{more}")
        for port, ssl in ports
        for address in addresses
    )


def _path(file: File, surroundings: Surroundings) -> Text:
    return Text(f"{surroundings.files}/{file.digest}")


def _placed(statements: Iterable[Statement], surroundings: Surroundings) -> Iterator[Statement]:
    """Write the paths of files in the place of what is in them."""
    for statement in statements:
        if isinstance(statement, Row | Block) or File not in map(type, statement.arguments):
            yield statement
        else:
            arguments = (
                _path(each, surroundings) if isinstance(each, File) else each
                for each in statement.arguments
            )
            yield Directive(statement.name, tuple(arguments))


def _match(location: Location) -> Written:
    path = quoting.written(location.path)
    begins = "@" if location.match is Match.NAMED else "/"
    if isinstance(location.path, Word) and not location.path.text.startswith(begins):
        raise Unwritable(f"The path {location.path.text!r} does not start with a slash.")
    bare = location.match in (Match.PREFIX, Match.NAMED)
    return path if bare else Written(f"{location.match.value} {path}")


def _action(handler: Handler, capabilities: Capabilities) -> tuple[Directive, ...]:
    action = handler.action
    if action is None:
        return ()
    if isinstance(action, Answer):
        return (_answer(action),)
    if not _spoken(action.protocol, capabilities):
        return (_answer(Answer(status=503)),)
    if isinstance(action, Proxy):
        pooled = action.pool if capabilities.lua else None
        name = pools.name_of(pooled) if pooled else action.upstream
        return (_pass(action.protocol, Text(name)),)
    # A name in a variable is resolved as requests come, so that a name that is not known
    # (yet) is no reason for nginx to refuse the configuration.
    target = Text(f"{_bracketed(action.host)}:{action.port}")
    variable = Expression("$pillion_target")
    return (Directive("set", (variable, target)), _pass(action.protocol, variable))


def _chosen(handler: Handler, capabilities: Capabilities) -> tuple[Directive, ...]:
    """Say which upstream of a pool is meant."""
    action = handler.action
    if not (capabilities.lua and isinstance(action, Proxy) and action.pool):
        return ()
    return (Directive("set", (Expression(pools.VARIABLE), Text(action.upstream))),)


def _answer(answer: Answer) -> Directive:
    body = (Text(answer.body),) if answer.body else ()
    return Directive("return", (answer.status, *body))


def _spoken(protocol: Protocol, capabilities: Capabilities) -> bool:
    if protocol in (Protocol.GRPC, Protocol.GRPCS):
        return capabilities.grpc
    return capabilities.fastcgi if protocol is Protocol.FCGI else True


def _pass(protocol: Protocol, target: Text | Expression) -> Directive:
    url = Joined((_SCHEMES[protocol], target))
    return Directive(f"{family_of(protocol).value}pass", (url,))
