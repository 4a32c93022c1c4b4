"""Ingresses that take a part of another's traffic."""

from collections.abc import Iterator

from generator import problems
from generator.annotations.declaration import Annotation, Asker, Feature, Scope, Values
from generator.effects import Effect, LeaveOut
from generator.problems import Code
from generator.values.scalars import boolean

CANARY = Annotation[bool](
    name="canary",
    parse=boolean,
    default=False,
    scope=Scope.HOST,
    doc="Marks an Ingress as another's canary. Traffic is not split yet: it is told and left out, "
    "so that it never takes all of it.",
)


def _left_out(_: Values, asker: Asker) -> Iterator[Effect]:
    problem = problems.error(
        asker.owner,
        CANARY.name,
        Code.ANNOTATION_NOT_SUPPORTED,
        "Pillion does not split traffic between an Ingress and its canary yet.",
        "Remove the annotation to have it served like any other.",
        meanwhile="it is left out",
    )
    yield LeaveOut(problem)


FEATURE = Feature(
    title="Ingresses that take a part of another's traffic",
    annotations=(CANARY,),
    effects=_left_out,
)
