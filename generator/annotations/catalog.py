"""Every annotation that there is: found by looking into each module of this room."""

from typing import Any

import generator.annotations
from generator.annotations.declaration import Annotation, Feature
from generator.values.declared import declared_in

FEATURES: tuple[Feature, ...] = tuple(declared_in(generator.annotations, "FEATURE"))
"""Every feature, in order of their modules' names."""

ALL: tuple[Annotation[Any], ...] = tuple(
    annotation for feature in FEATURES for annotation in feature.annotations
)

BY_NAME = {name: a for a in ALL for name in (a.name, *a.aliases)}
"""Every annotation by its name and by its older names."""
