"""Text with variables of nginx's, and paths to rewrite to."""

import re

from generator.directives import Expression
from generator.problems import shown
from generator.values.invalid import Invalid, check_length
from generator.values.variables import unknown_variable

_LONGEST_EXPRESSION = 2000
"""Characters. nginx reads no token of 4,096 bytes or more, and quoting may double it."""

_VARIABLES = frozenset(
    {
        *("args", "content_length", "content_type", "document_uri", "host", "hostname"),
        *("http_host", "https", "is_args", "query_string", "remote_addr", "remote_port"),
        *("remote_user", "request_id", "request_method", "request_uri", "scheme"),
        *("server_addr", "server_name", "server_port", "server_protocol", "uri"),
    }
)
_VARIABLE_FAMILIES = re.compile(r"(?:arg|cookie|http)_[a-z0-9_]{1,60}", re.ASCII)


def rewrite_target(text: str) -> Expression:
    """Read a path, or a URL path with captures (`$1`) and variables of the closed list."""
    if not text.startswith("/"):
        raise Invalid("a path", "Begin with a slash, such as /$2.")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise Invalid("a path without blanks or control characters", "Encode them, as in %20.")
    return expression(text)


def expression(text: str) -> Expression:
    """Read text with variables; only those of nginx's that exist everywhere are let in."""
    check_length(text, _LONGEST_EXPRESSION)
    if unknown := unknown_variable(text, _is_known, captures=True):
        raise Invalid(
            f"an expression that nginx knows: {shown(unknown)} is not a variable here",
            "Use captures such as $1, or variables such as $host, $request_uri or $http_name.",
        )
    return Expression(text)


def _is_known(name: str) -> bool:
    return name in _VARIABLES or _VARIABLE_FAMILIES.fullmatch(name) is not None
