r"""The only writer of values: everything that a configuration says of a user's passes here.

nginx's tokenizer (`ngx_conf_read_token`) unescapes within double quotes only
\" \' \\ \t \r \n; any other backslash stays. It knows no escape for `$`: where
nginx interpolates, a literal dollar is written as a variable that yields one.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from jinja2 import Undefined

from generator.directives import (
    Block,
    Condition,
    Directive,
    Duration,
    Expression,
    Joined,
    Key,
    Regex,
    Row,
    Size,
    Statement,
    Text,
    Value,
    Word,
)
from generator.nginx.errors import Unwritable

TOKEN_BYTES = 4093
"""The longest token that nginx reads: its buffer less a quote and what ends the token."""

DOLLAR = "${pillion_dollar}"
"""A variable (`geo` in http.j2) that yields a dollar."""

_BARE = re.compile(r"[][A-Za-z0-9_./:@%+,=*$-]+")
_ESCAPED = re.compile(r'["\n\t\r]|\\(?=[\\"\'trn\n\t\r]|\Z)')
_ESCAPES = {'"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}
_MARGIN = " " * 4
_MOST_ON_A_LINE = 10
_MEANT = frozenset({"default", "hostnames", "include", "volatile", "delete", "proxy", "ranges"})
"""Words that stand for something else in a `map` or `geo`."""
_DIRECTIVE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Written(str):
    """Text that may stand in a configuration as it is. Made in this module only."""

    __slots__ = ()


def word(text: str) -> Written:
    """Write literal text for a place where nginx does not look for variables."""
    return _token(text)


def text(text: str) -> Written:
    """Write literal text for a place where nginx looks for variables."""
    return _token(text.replace("$", DOLLAR))


def joined(*parts: Text | Expression) -> Written:
    """Write one token of several parts, for a place where nginx looks for variables."""
    return _token("".join(_interpolated(part) for part in parts))


def written(value: Value) -> Written:
    """Write any value of the model as one token."""
    return _WRITERS[type(value)](value)


def directive(directive: Directive) -> Written:
    """Write a directive without its semicolon."""
    return line(directive.name, *directive.arguments)


def line(name: str, *arguments: Value) -> Written:
    """Write a directive of this name, without what ends it."""
    if not _DIRECTIVE_NAME.fullmatch(name):
        raise Unwritable(f"{name!r} is not the name of a directive.")
    return Written(" ".join((name, *map(written, arguments))))


def lines(statements: Iterable[Statement], depth: int = 0) -> Iterator[Written]:
    """Write statements, a line each; what stands inside a block is indented."""
    margin = _MARGIN * depth
    for statement in statements:
        if isinstance(statement, Block):
            yield Written(f"{margin}{line(statement.name, *statement.arguments)} {{")
            yield from lines(statement.body, depth + 1)
            yield Written(f"{margin}}}")
        elif isinstance(statement, Row):
            yield Written(f"{margin}{_key(statement.key)} {written(statement.value)};")
        else:
            yield from _broken(margin, statement)


def _broken(margin: str, statement: Directive) -> Iterator[Written]:
    """Write a directive; one of very many arguments takes a line for each."""
    if len(statement.arguments) <= _MOST_ON_A_LINE:
        yield Written(f"{margin}{directive(statement)};")
        return
    first, *rest = statement.arguments
    yield Written(f"{margin}{line(statement.name, first)}")
    for number, argument in enumerate(rest, start=1):
        end = ";" if number == len(rest) else ""
        yield Written(f"{margin}{_MARGIN}{written(argument)}{end}")


def _key(key: Value) -> Written:
    """Write the first cell of a row, where some words and signs mean something to nginx."""
    if isinstance(key, Regex):
        return _token(f"~{key.pattern}")
    if isinstance(key, Word | Text) and (key.text in _MEANT or key.text[:1] in ("~", "\\")):
        return _token(f"\\{key.text}")
    return written(key)


def placeholder(name: str) -> Written:
    """Write a mark that `render` replaces; a NUL keeps it apart from every value."""
    return Written(f"\0{name}\0")


def comment(text: str) -> Written:
    """Write part of a comment. Raises Unwritable for all but the characters of names."""
    if not re.fullmatch(r"[A-Za-z0-9./-]+", text):
        raise Unwritable(f"{text!r} is not a name and cannot stand in a comment.")
    return Written(text)


def refuse_plain(value: object) -> object:
    """Let only written text and typed values into a configuration (Jinja's `finalize`)."""
    if isinstance(value, Written):
        return value
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if isinstance(value, Undefined):
        return str(value)  # raises the error that names what is undefined
    raise Unwritable(
        f"{value!r} is not a written value: put `| text` behind it where nginx looks for"
        " variables, else `| word`."
    )


def _token(text: str) -> Written:
    if "\0" in text:
        raise Unwritable(f"{text!r} holds a NUL character, where much of nginx stops reading.")
    bare = _BARE.fullmatch(text)
    token = text if bare else '"' + _ESCAPED.sub(lambda m: _ESCAPES[m[0]], text) + '"'
    if _bytes_of(token) > TOKEN_BYTES:
        raise Unwritable(f"{text[:40]!r}… is longer than the {TOKEN_BYTES} bytes that nginx reads.")
    return Written(token)


def _bytes_of(token: str) -> int:
    try:
        return len(token.encode())
    except UnicodeEncodeError:
        raise Unwritable(f"{token!r} is not Unicode text.") from None


def _interpolated(part: Text | Expression) -> str:
    return part.text.replace("$", DOLLAR) if isinstance(part, Text) else part.text


def _size(size: Size) -> Written:
    # Sizes know k and m only; g is read by nginx for offsets alone.
    for unit, suffix in ((1 << 20, "m"), (1 << 10, "k")):
        if size.bytes and size.bytes % unit == 0:
            return Written(f"{_natural(size.bytes) // unit}{suffix}")
    return Written(_natural(size.bytes))


def _duration(duration: Duration) -> Written:
    # Many directives count whole seconds and refuse `ms`.
    seconds, rest = divmod(_natural(duration.milliseconds), 1000)
    return Written(f"{duration.milliseconds}ms" if rest else f"{seconds}s")


def _natural(number: int) -> int:
    if number < 0:
        raise Unwritable(f"{number} is negative.")
    return number


def _condition(condition: Condition) -> Written:
    if not re.fullmatch(r"\$[a-z_0-9]+", condition.variable):
        raise Unwritable(f"{condition.variable!r} is not a variable.")
    return Written(f"({condition.variable})")


def _number(number: int) -> Written:
    return Written(number)


def _switch(on: bool) -> Written:  # noqa: FBT001 - a value to write, not an option
    return Written("on" if on else "off")


_WRITERS: dict[type, Callable[..., Written]] = {
    Word: lambda value: word(value.text),
    Text: lambda value: text(value.text),
    Expression: lambda value: _token(value.text),
    Joined: lambda value: joined(*value.parts),
    Condition: _condition,
    Key: lambda value: Written(value.value),
    Regex: lambda value: _token(value.pattern),
    Size: _size,
    Duration: _duration,
    int: _number,
    bool: _switch,
}
