"""How many bytes of nginx.conf something takes, before it is written. An estimate.

What is written of a value (`nginx/quoting.py`) is a little longer than the value: quotes,
escapes, and 17 bytes for a dollar where nginx would look for a variable.
"""

from collections.abc import Iterable, Sequence

from generator.directives import Block, Directive, Joined, Regex, Row, Statement, Text
from generator.effects import InLocation, InServer, InternalLocation
from generator.model import Handler
from generator.objects import ObjectRef, PathType

_LOCATION = 270
"""What a location has around names and paths, with the lines that pass requests on."""
_SERVER = 600
"""What a server has around its host, with the location of what no rule names."""
_LINE = 14
"""Indentation, and what ends a line."""
_OTHER = 10
"""Numbers, sizes and the like."""
_DOLLAR = 16
_EXPRESSION = 50
"""The limit of a slow one."""
_INHERITED = 2900
"""The headers that a location writes again if it sets one itself (docs/decisions/0018)."""
_HEADERS = frozenset({"proxy_set_header", "grpc_set_header", "fastcgi_param"})


def of_rule(path: str, type_: PathType, handler: Handler, *, regex: bool) -> int:
    """Return what the locations of a path take, without statements."""
    text = len(path.encode(errors="replace"))
    once = _LOCATION + 2 * text + 5 * path.count('"') + 5 * path.count("\\")
    once += _DOLLAR * path.count("$") + _of_names(handler)
    if regex:
        return once + _EXPRESSION
    return 2 * once if type_ is PathType.PREFIX and path != "/" else once


def of_host(
    host: str,
    owner: ObjectRef,
    servers: Iterable[InServer],
    internal: Iterable[InternalLocation],
) -> int:
    """Return what a host takes apart from its paths."""
    size = _SERVER + len(host) + sum(of_statements(each.statements) for each in servers)
    for each in internal:
        size += _LOCATION + len(each.name) + 2 * len(str(owner)) + _of_own(each.statements)
    return size


def of_effects(effects: Iterable[InLocation], *, tls: bool) -> int:
    """Return what these take in one location of a host with or without TLS."""
    return _of_own([s for e in effects if e.when.holds(tls=tls) for s in e.statements])


def _of_own(statements: Sequence[Statement]) -> int:
    sets_headers = any(isinstance(s, Directive) and s.name in _HEADERS for s in statements)
    return of_statements(statements) + (_INHERITED if sets_headers else 0)


def of_statements(statements: Iterable[Statement]) -> int:
    """Return what these take, a line each."""
    return sum(_of_statement(each) for each in statements)


def _of_statement(statement: Statement) -> int:
    if isinstance(statement, Row):
        return _LINE + 4 + _of_value(statement.key) + _of_value(statement.value)
    size = _LINE + len(statement.name) + sum(1 + _of_value(v) for v in statement.arguments)
    return size + of_statements(statement.body) + _LINE if isinstance(statement, Block) else size


def _of_value(value: object) -> int:
    if isinstance(value, Joined):
        return sum(_of_value(part) for part in value.parts)
    if isinstance(value, Regex):
        return _of_text(value.pattern) + _EXPRESSION
    text = getattr(value, "text", None)
    if not isinstance(text, str):
        return _OTHER
    dollars = text.count("$") if isinstance(value, Text) else 0
    return _of_text(text) + _DOLLAR * dollars


def _of_text(text: str) -> int:
    return len(text.encode(errors="replace")) + 2 + text.count('"') + text.count("\\")


def _of_names(handler: Handler) -> int:
    owner = len(str(handler.owner.name)) if handler.owner else 0
    return 2 * owner + 2 * len(handler.service) + len(handler.port)
