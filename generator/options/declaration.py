"""What a declaration of a global option consists of, and the values of one ConfigMap."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from generator.directives import carrying
from generator.effects import GlobalEffect, InSection, Section

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Option(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One key of the ConfigMap. The value it gives has the type that `parse` returns."""

    name: str
    parse: Callable[[str], T_co]
    """Raises Invalid."""
    default: T_co
    doc: str
    section: Section | None = None
    directive: str = ""
    """The directive that carries the value as it is in `section`; empty where none does."""
    aliases: tuple[str, ...] = ()
    """Older names, which count only where the main name is not set."""

    def __hash__(self) -> int:
        return hash(self.name)


class GlobalValues(Struct, frozen=True):
    """The values of the ConfigMap; an option that is not set has its default."""

    given: Mapping[Option[Any], Any] = MappingProxyType({})
    """Those that are set and valid."""

    def __getitem__(self, option: Option[T]) -> T:
        return cast("T", self.given.get(option, option.default))


def _nothing(_: GlobalValues) -> Iterator[GlobalEffect]:
    yield from ()


class OptionGroup(Struct, frozen=True, kw_only=True):
    """What a module of options declares, and what it adds beyond single directives."""

    title: str
    options: tuple[Option[Any], ...]
    effects: Callable[[GlobalValues], Iterator[GlobalEffect]] = _nothing

    def all_effects(self, values: GlobalValues) -> Iterator[GlobalEffect]:
        """Return what single directives and the group itself add."""
        for option in self.options:
            if option.section and option.directive:
                directive = carrying(option.directive, values[option])
                yield InSection(section=option.section, statements=(directive,))
        yield from self.effects(values)
