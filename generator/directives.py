"""nginx's language as a small tree of typed, frozen values; `nginx/quoting.py` alone writes it."""

import hashlib
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cached_property

from msgspec import Struct

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


class Joined(Struct, frozen=True):
    """Literal text and expressions that make one argument."""

    parts: tuple[Text | Expression, ...]


class Regex(Struct, frozen=True):
    """A regular expression that PCRE2 compiles."""

    pattern: str


class Size(Struct, frozen=True, order=True):
    """A number of bytes."""

    bytes: int


class Duration(Struct, frozen=True, order=True):
    """A span of time."""

    milliseconds: int


class Condition(Struct, frozen=True):
    """What an `if` asks: whether a variable is neither empty nor 0."""

    variable: str
    """A constant of this program, with its `$`."""


class Key(Enum):
    """What stands for a value in a `map` or `geo`."""

    DEFAULT = "default"


class File(Struct, frozen=True, dict=True):
    """Bytes that nginx reads from the volume under the name of their hash."""

    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256, hexadecimal: its name in `files/`."""
        return hashlib.sha256(self.content).hexdigest()

    def __repr__(self) -> str:
        return f"File({self.digest})"


Value = (
    File
    | Word
    | Text
    | Expression
    | Joined
    | Regex
    | Size
    | Duration
    | Condition
    | Key
    | int
    | bool
)
"""A bool is written on or off."""

# --- statements -------------------------------------------------------------------------------


class Directive(Struct, frozen=True):
    """A directive without a body, such as `client_max_body_size 8m;`."""

    name: str
    """A constant of this program, never a user's text."""
    arguments: tuple[Value, ...] = ()


def carrying(name: str, value: Value | tuple[Value, ...]) -> Directive:
    """Return the directive that has a value as its argument; a tuple is several of them."""
    return Directive(name, value if isinstance(value, tuple) else (value,))


class Row(Struct, frozen=True):
    """A line of a `map`, `geo` or `split_clients`: a value, and what it becomes."""

    key: Value
    value: Value


class Block(Struct, frozen=True):
    """A directive with a body, such as `map`, `geo` or `if`."""

    name: str
    """A constant of this program, never a user's text."""
    arguments: tuple[Value, ...]
    body: tuple["Statement", ...]


Statement = Directive | Block | Row


def among(networks: Iterable[str], address: str, variable: str) -> Block:
    """Set a variable to 1 where an address is in one of these networks, else to 0."""
    rows = (Row(Key.DEFAULT, 0), *(Row(Word(network), 1) for network in networks))
    return Block("geo", (Expression(address), Expression(variable)), rows)


def mapping(source: str, variable: str, *rows: tuple[Value, Value]) -> Block:
    """Set a variable to what the value of `source` becomes by these rows."""
    arguments = (Expression(source), Expression(variable))
    return Block("map", arguments, tuple(Row(key, value) for key, value in rows))


def lines(statements: tuple[Statement, ...]) -> int:
    """Count the lines that statements take."""
    return sum(2 + lines(s.body) if isinstance(s, Block) else 1 for s in statements)


def files(statements: Iterable[Statement]) -> Iterator[File]:
    """Return the files that statements name."""
    for statement in statements:
        if isinstance(statement, Block):
            yield from files(statement.body)
        elif isinstance(statement, Directive):
            yield from (each for each in statement.arguments if isinstance(each, File))
