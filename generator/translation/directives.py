"""From values of annotations to directives, in the family of the protocol that is spoken."""

from generator.annotations.backends import BACKEND_PROTOCOL
from generator.annotations.reading import Values
from generator.model import Directive, Protocol

_FAMILIES = {Protocol.GRPC: "grpc_", Protocol.GRPCS: "grpc_", Protocol.FCGI: "fastcgi_"}
_NOT_IN_GRPC = frozenset({"proxy_buffering", "proxy_request_buffering", "proxy_buffers"})


def directives(values: Values) -> tuple[Directive, ...]:
    """Return the directives that carry values as they are, in order of their names."""
    protocol = values[BACKEND_PROTOCOL]
    given = [
        Directive(name, (value,))
        for annotation, value in values.given.items()
        if annotation.directive and (name := _for(protocol, annotation.directive))
    ]
    return tuple(sorted(given, key=lambda directive: directive.name))


def _for(protocol: Protocol, directive: str) -> str:
    family = _FAMILIES.get(protocol, "proxy_")
    if family == "grpc_" and directive in _NOT_IN_GRPC:
        return ""
    return directive.replace("proxy_", family, 1) if directive.startswith("proxy_") else directive
