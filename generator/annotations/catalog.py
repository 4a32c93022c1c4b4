"""Every annotation that there is: found by looking into each module of this room."""

import importlib
import pkgutil
from typing import Any

import generator.annotations
from generator.annotations.declaration import Annotation, Feature

_DECLARE_NOTHING = {"catalog", "declaration", "reading"}
_MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(generator.annotations.__path__)
    if module.name not in _DECLARE_NOTHING
)

FEATURES: tuple[Feature, ...] = tuple(
    importlib.import_module(f"generator.annotations.{name}").FEATURE for name in _MODULES
)
"""Every feature, in order of their modules' names."""

ALL: tuple[Annotation[Any], ...] = tuple(
    annotation for feature in FEATURES for annotation in feature.annotations
)

BY_NAME = {name: a for a in ALL for name in (a.name, *a.aliases)}
"""Every annotation by its name and by its older names."""
