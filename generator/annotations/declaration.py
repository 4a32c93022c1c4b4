"""What a declaration of an annotation consists of."""

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

T_co = TypeVar("T_co", covariant=True)


class Invalid(ValueError):
    """A value is not what its annotation takes.

    `expected` ends the sentence "VALUE is not …"; `hint` is the way out, a sentence.
    """

    def __init__(self, expected: str, hint: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint


class Scope(Enum):
    """What a value applies to."""

    LOCATION = "location"
    """Each path of the Ingress."""
    HOST = "host"
    """The whole host, other Ingresses' paths included."""


class OnError(Enum):
    """What holds while a value is invalid."""

    IGNORE = "ignore"
    """The default."""
    DENY = "deny"
    """The Ingress answers 503: the annotation guards access, and open is worse than shut."""


class Annotation(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One annotation. The value it gives has the type that `parse` returns."""

    name: str
    """Without the prefix."""
    parse: Callable[[str], T_co]
    """Raises Invalid."""
    default: T_co
    doc: str
    scope: Scope = Scope.LOCATION
    on_error: OnError = OnError.IGNORE
    directive: str = ""
    """The directive that carries the value as it is; empty where it takes more than that."""
    aliases: tuple[str, ...] = ()
    """Older names, which count only where the main name is not set."""

    def __hash__(self) -> int:
        return hash(self.name)
