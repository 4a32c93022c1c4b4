"""Every option that there is: found by looking into each module of this room."""

import importlib
import pkgutil
from typing import Any

import generator.options
from generator.options.declaration import Option, OptionGroup

_DECLARE_NOTHING = {"catalog", "declaration", "reading"}
_MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(generator.options.__path__)
    if module.name not in _DECLARE_NOTHING
)

GROUPS: tuple[OptionGroup, ...] = tuple(
    importlib.import_module(f"generator.options.{name}").GROUP for name in _MODULES
)
"""Every group, in order of their modules' names."""

ALL: tuple[Option[Any], ...] = tuple(option for group in GROUPS for option in group.options)

BY_NAME = {name: option for option in ALL for name in (option.name, *option.aliases)}
"""Every option by its name and by its older names."""
