"""Settings that modules declare: where they are, which a text mapping sets, which was meant."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, Protocol, TypeVar


class Declared(Protocol):
    """A setting that was declared."""

    @property
    def name(self) -> str:
        """Return the name that counts first."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return older names."""


D = TypeVar("D", bound=Declared)

_DECLARE_NOTHING = {"catalog", "declaration", "reading", "references", "without_effect"}


def declared_in(room: ModuleType, attribute: str) -> Iterator[Any]:
    """Return what each module of a room of settings declares, in order of the modules' names."""
    for module in sorted(found.name for found in pkgutil.iter_modules(room.__path__)):
        if module not in _DECLARE_NOTHING:
            yield getattr(importlib.import_module(f"{room.__name__}.{module}"), attribute)


def settings_in(
    texts: Mapping[str, str], by_name: Mapping[str, D]
) -> Iterator[tuple[D, str, list[str]]]:
    """Return each setting that is set, the name that counts, and the names that do not."""
    found = {by_name[name].name: by_name[name] for name in texts if name in by_name}
    for setting in found.values():
        names = [name for name in (setting.name, *setting.aliases) if name in texts]
        yield setting, names[0], names[1:]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ask whether the most similar name was meant; empty where none is similar."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f"Did you mean {near[0]}?" if near else ""
