"""Every option that there is: found by looking into each module of this room."""

from typing import Any

import generator.options
from generator.options.declaration import Option, OptionGroup
from generator.values.declared import declared_in

GROUPS: tuple[OptionGroup, ...] = tuple(declared_in(generator.options, "GROUP"))
"""Every group, in order of their modules' names."""

ALL: tuple[Option[Any], ...] = tuple(option for group in GROUPS for option in group.options)

BY_NAME = {name: option for option in ALL for name in (option.name, *option.aliases)}
"""Every option by its name and by its older names."""
