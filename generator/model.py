"""What nginx should serve, in nginx's terms but not yet its text. All values, all frozen."""

from enum import Enum, StrEnum

from msgspec import Struct

from generator.directives import File, Regex, Statement, Word
from generator.objects import ObjectRef

# --- files ------------------------------------------------------------------------------------


class Certificate(Struct, frozen=True):
    """A certificate chain and its key in one PEM file."""

    file: File


# --- upstreams --------------------------------------------------------------------------------


class Protocol(StrEnum):
    """What is spoken to a backend."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    AUTO_HTTP = "AUTO_HTTP"
    GRPC = "GRPC"
    GRPCS = "GRPCS"
    FCGI = "FCGI"


class Pool(Struct, frozen=True, order=True):
    """Upstreams that need nothing of their own but their endpoints.

    Requests go to these in turn, and an idle connection may serve whichever of the upstreams
    has the endpoint: they are of one namespace, spoken to alike and without TLS.
    """

    namespace: str
    protocol: Protocol


class Endpoint(Struct, frozen=True, order=True):
    """One address that answers for a Service."""

    address: str
    """An IPv4 or IPv6 address, without brackets."""
    port: int


class Upstream(Struct, frozen=True, kw_only=True):
    """The endpoints of one port of a Service; at least one."""

    name: str
    """Starts with characters of a hash: nginx finds such names faster."""
    service: ObjectRef
    endpoints: tuple[Endpoint, ...]
    statements: tuple[Statement, ...] = ()
    """How requests are spread over them, where not in turn."""
    pool: Pool | None = None
    """None: it needs more of its own."""


# --- locations --------------------------------------------------------------------------------


class Proxy(Struct, frozen=True, kw_only=True):
    """Pass the request to an upstream of the model."""

    upstream: str
    protocol: Protocol = Protocol.HTTP
    pool: Pool | None = None
    """That of the upstream."""


class ProxyByName(Struct, frozen=True, kw_only=True):
    """Pass the request to a name that nginx resolves as requests come (ExternalName)."""

    host: str
    port: int
    protocol: Protocol = Protocol.HTTP


class Answer(Struct, frozen=True, kw_only=True):
    """Answer without a backend."""

    status: int
    body: str = ""


Action = Proxy | ProxyByName | Answer


class Handler(Struct, frozen=True, kw_only=True):
    """What becomes of a request, however it was matched. Several locations may share one."""

    owner: ObjectRef | None
    """The Ingress that asked for it; None for what Pillion itself adds."""
    action: Action | None
    """None: one of the statements answers."""
    service: str = ""
    """`namespace/name` of the Service, for the access log; empty where there is none."""
    port: str = ""
    statements: tuple[Statement, ...] = ()
    """What holds before the action, in order."""


class Match(Enum):
    """How nginx compares the path."""

    EXACT = "="
    PREFIX = ""
    FIRM = "^~"
    """By prefix, and no expression is asked then."""
    REGEX = "~*"
    NAMED = "@"
    """Not at all: other locations lead to it by its name."""


class Location(Struct, frozen=True, kw_only=True):
    """One `location`."""

    match: Match
    path: Word | Regex
    rule: str
    """The path as the Ingress has it, for the access log."""
    handler: Handler
    internal: bool = False
    """Whether only other locations lead to it."""


# --- servers ----------------------------------------------------------------------------------


class HostKind(Enum):
    """How a server is chosen."""

    NAME = "name"
    WILDCARD = "wildcard"
    """`*.example.com`: exactly one label in the place of the star."""
    DEFAULT = "default"
    """Hosts that no other server knows."""


class Host(Struct, frozen=True, order=True):
    """The host of a server."""

    name: str
    """Lower case; with the `*.` of a wildcard; empty for the default."""

    @property
    def kind(self) -> HostKind:
        """How the server is chosen."""
        if not self.name:
            return HostKind.DEFAULT
        return HostKind.WILDCARD if self.name.startswith("*.") else HostKind.NAME


class Server(Struct, frozen=True, kw_only=True):
    """One `server`: a host and its locations, in the order in which nginx has to see them."""

    host: Host
    tls: bool = False
    """Whether an Ingress has a TLS section for this host."""
    certificate: Certificate | None = None
    """None: the default certificate."""
    statements: tuple[Statement, ...] = ()
    locations: tuple[Location, ...]


class HttpPiece(Struct, frozen=True, kw_only=True):
    """What an Ingress adds outside of servers, such as zones and maps."""

    owner: ObjectRef
    statements: tuple[Statement, ...]


class HttpSettings(Struct, frozen=True, kw_only=True):
    """What global options say outside of servers, by the part of the configuration."""

    process: tuple[Statement, ...] = ()
    listeners: tuple[Statement, ...] = ()
    """Parameters of each `listen` for clients, as statements without arguments."""
    clients: tuple[Statement, ...] = ()
    tls: tuple[Statement, ...] = ()
    variables: tuple[Statement, ...] = ()
    log: tuple[Statement, ...] = ()
    access_log: tuple[Statement, ...] = ()
    """Empty: requests are logged where nginx's surroundings say."""
    backends: tuple[Statement, ...] = ()
    """Of the `proxy_` family; gRPC and FastCGI get the same."""
    upstream: tuple[Statement, ...] = ()
    """In each upstream."""


class Model(Struct, frozen=True, kw_only=True):
    """All that nginx should serve."""

    servers: tuple[Server, ...]
    """In order of their hosts, the default one first."""
    upstreams: tuple[Upstream, ...]
    """In order of their names."""
    pieces: tuple[HttpPiece, ...] = ()
    settings: HttpSettings = HttpSettings()
    default_certificate: Certificate
    more_files: tuple[File, ...] = ()
    """Those that statements name."""

    def files(self) -> tuple[File, ...]:
        """Return every file that the servers name, each once."""
        certificates = [self.default_certificate]
        certificates += [s.certificate for s in self.servers if s.certificate]
        named = (*(c.file for c in certificates), *self.more_files)
        return tuple({file.digest: file for file in named}.values())
