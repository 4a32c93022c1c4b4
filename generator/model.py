"""What nginx should serve, in nginx's terms but not yet its text. All values, all frozen."""

import hashlib
from enum import Enum, StrEnum
from functools import cached_property

from msgspec import Struct

from generator.objects import ObjectRef

# --- values: what may stand in an argument of a directive -------------------------------------


class Word(Struct, frozen=True):
    """Literal text where nginx does not look for variables, such as a server name."""

    text: str


class Text(Struct, frozen=True):
    """Literal text where nginx would look for variables; a `$` in it stays a `$`."""

    text: str


class Expression(Struct, frozen=True):
    """Text with variables of nginx's, checked against the closed list where it was parsed."""

    text: str


class Regex(Struct, frozen=True):
    """A regular expression that PCRE2 compiles."""

    pattern: str


class Size(Struct, frozen=True):
    """A number of bytes."""

    bytes: int


class Duration(Struct, frozen=True):
    """A span of time."""

    milliseconds: int


Value = Word | Text | Expression | Regex | Size | Duration | int | bool
"""A bool is written on or off."""


class Directive(Struct, frozen=True):
    """One simple directive, such as `client_max_body_size 8m;`."""

    name: str
    """A constant of this program, never a user's text."""
    arguments: tuple[Value, ...]


# --- files ------------------------------------------------------------------------------------


class File(Struct, frozen=True, dict=True):
    """Bytes that nginx reads from the volume under the name of their hash."""

    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256, hexadecimal: its name in `files/`."""
        return hashlib.sha256(self.content).hexdigest()

    def __repr__(self) -> str:
        return f"File({self.digest})"


class Certificate(Struct, frozen=True):
    """A certificate chain and its key in one PEM file."""

    file: File


# --- upstreams --------------------------------------------------------------------------------


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


# --- locations --------------------------------------------------------------------------------


class Protocol(StrEnum):
    """What is spoken to a backend."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    AUTO_HTTP = "AUTO_HTTP"
    GRPC = "GRPC"
    GRPCS = "GRPCS"
    FCGI = "FCGI"


class Proxy(Struct, frozen=True, kw_only=True):
    """Pass the request to an upstream of the model."""

    upstream: str
    protocol: Protocol = Protocol.HTTP


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


class Rewrite(Struct, frozen=True, kw_only=True):
    """Change the path before it is passed on."""

    pattern: Regex
    target: Expression


class AccessRule(Struct, frozen=True):
    """`allow` or `deny` of one network; the first that fits decides."""

    allow: bool
    network: str
    """An address, a network in CIDR notation, or `all`."""


class Handler(Struct, frozen=True, kw_only=True):
    """What becomes of a request, however it was matched. Several locations may share one."""

    owner: ObjectRef | None
    """The Ingress that asked for it; None for what Pillion itself adds."""
    action: Action
    service: str = ""
    """`namespace/name` of the Service, for the access log; empty where there is none."""
    port: str = ""
    redirect_to_https: bool = False
    access: tuple[AccessRule, ...] = ()
    rewrite: Rewrite | None = None
    directives: tuple[Directive, ...] = ()


class Match(Enum):
    """How nginx compares the path."""

    EXACT = "="
    PREFIX = ""
    REGEX = "~*"


class Location(Struct, frozen=True, kw_only=True):
    """One `location`."""

    match: Match
    path: Word | Regex
    rule: str
    """The path as the Ingress has it, for the access log."""
    handler: Handler


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
    """Whether an Ingress has a TLS section for this host (HSTS follows from it)."""
    certificate: Certificate | None = None
    """None: the default certificate."""
    locations: tuple[Location, ...]


class Model(Struct, frozen=True, kw_only=True):
    """All that nginx should serve."""

    servers: tuple[Server, ...]
    """In order of their hosts, the default one first."""
    upstreams: tuple[Upstream, ...]
    """In order of their names."""
    default_certificate: Certificate

    def files(self) -> tuple[File, ...]:
        """Return every file that the servers name, each once."""
        certificates = [self.default_certificate]
        certificates += [s.certificate for s in self.servers if s.certificate]
        return tuple({c.file.digest: c.file for c in certificates}.values())
