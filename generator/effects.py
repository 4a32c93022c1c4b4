"""What settings add to a configuration, as values that the rest of the program passes on unread.

An annotation's feature gives `Effect`s for one Ingress, a global option's gives
`GlobalEffect`s. Nothing but these kinds can be added, and each has one place where it
goes: a new feature needs no other module to know it.
"""

from enum import Enum, IntEnum

from msgspec import Struct

from generator.directives import Statement
from generator.model import Action, Protocol
from generator.problems import Problem


class Phase(IntEnum):
    """The order of statements inside a location; nginx runs sets, ifs and rewrites in it."""

    PREFLIGHT = 0
    """Answers to browsers' questions, which come without credentials and never get a redirect."""
    REDIRECT = 1
    LIMITS = 2
    ACCESS = 3
    AUTHENTICATION = 4
    REWRITE = 5
    SETTINGS = 6
    """Sizes, timeouts and the like, in order of their names."""
    HEADERS = 7
    ERRORS = 8


class When(Enum):
    """Under which condition an effect holds."""

    ALWAYS = "always"
    TLS = "where the host has a TLS section, of this or another Ingress"

    def holds(self, *, tls: bool) -> bool:
        """Whether it holds on a host with or without TLS."""
        return tls or self is not When.TLS


class InLocation(Struct, frozen=True, kw_only=True):
    """Statements in each location of the Ingress.

    Directives of the `proxy_` family are written in that of the backend's protocol.
    """

    phase: Phase
    statements: tuple[Statement, ...]
    when: When = When.ALWAYS


class InServer(Struct, frozen=True, kw_only=True):
    """Statements in the server of each host; of an option, in every server.

    Of several Ingresses that say something for one `setting` of a host the oldest counts.
    """

    setting: str
    """The name of the annotation or option."""
    statements: tuple[Statement, ...]
    when: When = When.ALWAYS


class InHttp(Struct, frozen=True, kw_only=True):
    """Statements outside of servers, such as zones and maps; the Ingress owns them."""

    statements: tuple[Statement, ...]


class InternalLocation(Struct, frozen=True, kw_only=True):
    """A location in each server of the Ingress that clients cannot ask for."""

    name: str
    """Begins with `@`, or with `INTERNAL` where it is the target of a subrequest.

    Has the Ingress in it, as a hash: of two of one name on a host the older counts.
    """
    statements: tuple[Statement, ...]
    action: Action | None = None
    """Who answers; None: one of the statements."""


INTERNAL = "/ pillion/"
"""Begins paths of internal locations. A path of a rule holds no blank, so none is the same."""


class UpstreamSettings(Struct, frozen=True, kw_only=True):
    """How backends are spoken to. Ingresses that differ in it share no upstream."""

    protocol: Protocol = Protocol.HTTP
    statements: tuple[Statement, ...] = ()


class LeaveOut(Struct, frozen=True):
    """Serve nothing of this Ingress, and say why."""

    problem: Problem


class Deny(Struct, frozen=True):
    """Answer 503 on all paths, since something that guards access cannot be obeyed."""

    problem: Problem


Effect = (
    InLocation | InServer | InHttp | InternalLocation | UpstreamSettings | LeaveOut | Deny | Problem
)


class Section(Enum):
    """Where a global option stands outside of servers."""

    PROCESS = "process"
    """Of nginx's processes, outside of all that is about HTTP."""
    LISTENERS = "listeners"
    """Parameters of each `listen` for clients, as statements without arguments."""
    CLIENTS = "clients"
    TLS = "tls"
    VARIABLES = "variables"
    LOG = "log"
    ACCESS_LOG = "access_log"
    """Instead of the access log that the template writes."""
    BACKENDS = "backends"
    """Directives of the `proxy_` family are written for gRPC and FastCGI too."""
    UPSTREAM = "upstream"
    """In each upstream."""


class InSection(Struct, frozen=True, kw_only=True):
    """Statements of a global option outside of servers."""

    section: Section
    statements: tuple[Statement, ...]


GlobalEffect = InSection | InServer
