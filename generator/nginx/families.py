"""The same directive for another protocol: `proxy_read_timeout` is `grpc_read_timeout` for gRPC.

Settings are said once, in the family of `proxy_`, and written for what a backend speaks.
Rules: documentation of ngx_http_proxy_module, ngx_http_grpc_module, ngx_http_fastcgi_module.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

from generator.directives import Block, Directive, Statement, Text, Word
from generator.model import Protocol

_GRPC = frozenset(
    {
        *("bind", "buffer_size", "connect_timeout", "hide_header", "ignore_headers"),
        *("intercept_errors", "next_upstream", "next_upstream_timeout", "next_upstream_tries"),
        *("pass_header", "read_timeout", "send_timeout", "set_header", "socket_keepalive"),
    }
)
_FASTCGI = _GRPC | {
    *("buffering", "buffers", "busy_buffers_size", "max_temp_file_size"),
    *("pass_request_body", "pass_request_headers", "request_buffering"),
}
_OF_CONNECTIONS = frozenset({"upgrade", "connection"})
"""Headers of HTTP/1.1 connections, which the other protocols do not have."""


class Family(Enum):
    """The directives of one module of nginx's that passes requests on."""

    PROXY = "proxy_"
    GRPC = "grpc_"
    FASTCGI = "fastcgi_"


def family_of(protocol: Protocol) -> Family:
    """Return the family that speaks this protocol."""
    if protocol in (Protocol.GRPC, Protocol.GRPCS):
        return Family.GRPC
    return Family.FASTCGI if protocol is Protocol.FCGI else Family.PROXY


def in_family(statements: Iterable[Statement], family: Family) -> Iterator[Statement]:
    """Return statements with those of the `proxy_` family in another; what that lacks goes."""
    for statement in statements:
        if family is Family.PROXY or not _is_proxied(statement):
            yield statement
        elif isinstance(statement, Directive) and (found := _translated(statement, family)):
            yield found


def _is_proxied(statement: Statement) -> bool:
    return isinstance(statement, Directive | Block) and statement.name.startswith("proxy_")


def _translated(directive: Directive, family: Family) -> Directive | None:
    what = directive.name.removeprefix("proxy_")
    is_ssl = family is Family.GRPC and what.startswith("ssl_")
    if not is_ssl and what not in (_GRPC if family is Family.GRPC else _FASTCGI):
        return None
    if what != "set_header":
        return Directive(family.value + what, directive.arguments)
    header, value = directive.arguments
    name = header.text if isinstance(header, Word) else ""
    if name.lower() in _OF_CONNECTIONS:
        return None
    if family is Family.GRPC:
        return Directive("grpc_set_header", directive.arguments)
    parameter = "HTTP_" + name.upper().replace("-", "_")
    # An empty parameter would still be one that is set; this leaves it out.
    more = (Word("if_not_empty"),) if value == Text("") else ()
    return Directive("fastcgi_param", (Word(parameter), value, *more))
