"""Ingresses that take a part of another's traffic."""

from generator.annotations.declaration import Annotation, Scope
from generator.annotations.values import boolean

CANARY = Annotation[bool](
    name="canary",
    parse=boolean,
    default=False,
    scope=Scope.HOST,
    doc="Marks an Ingress as another's canary. Traffic is not split yet: it is told and left out, "
    "so that it never takes all of it.",
)
