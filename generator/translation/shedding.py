"""What is left of an Ingress that the volume has no room for.

Its hosts stay, so that nobody else's wildcard answers them, and cost little.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from generator import problems
from generator.objects import Kind, Name, ObjectRef
from generator.problems import Code
from generator.translation.contribution import Contribution
from generator.translation.memo import Memo


def without_shed(
    contributions: Mapping[Name, Contribution], shed: frozenset[Name], memo: Memo
) -> Mapping[Name, Contribution]:
    """Leave out the paths of these Ingresses, and tell it; guarded hosts answer 503."""
    if not shed:
        return contributions
    return {n: _shed(n, c, memo) if n in shed else c for n, c in contributions.items()}


def _shed(name: Name, contribution: Contribution, memo: Memo) -> Contribution:
    return memo.recall(("shed", name), (contribution,), lambda _: _left(name, contribution))


def _left(name: Name, given: Contribution) -> Contribution:
    guarded = any(part.guarded for part in given.parts)
    parts = tuple(
        replace(part, rules=(), shut=part.guarded, fallback=None, regex=False, internal=())
        for part in given.parts
    )
    problem = problems.error(
        ObjectRef(Kind.INGRESS, name),
        "spec.rules",
        Code.LIMIT_EXCEEDED,
        f"The volume that nginx.conf lies on has no room for this Ingress, which takes some "
        f"{max(1, given.size >> 10)}k: it is the newest of the largest.",
        "Make it smaller, or have the admin make room (controller.volume.sizeLimit); it is tried "
        "again when there is.",
        meanwhile="its hosts answer 503, since they are guarded"
        if guarded
        else "its paths are left out",
    )
    return replace(
        given, parts=parts, pieces=(), upstreams=(), problems=(*given.problems, problem), shed=True
    )
