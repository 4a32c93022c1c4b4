"""Which declared settings a text mapping sets, under their names or older ones."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar


class Declared(Protocol):
    """A setting that was declared."""

    @property
    def name(self) -> str:
        """Return the name that counts first."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return older names."""


D = TypeVar("D", bound=Declared)


def settings_in(
    texts: Mapping[str, str], by_name: Mapping[str, D]
) -> Iterator[tuple[D, str, list[str]]]:
    """Return each setting that is set, the name that counts, and the names that do not."""
    found = {by_name[name].name: by_name[name] for name in texts if name in by_name}
    for setting in found.values():
        names = [name for name in (setting.name, *setting.aliases) if name in texts]
        yield setting, names[0], names[1:]
