"""Comments that give the lines of a configuration an owner.

`# ingress NAMESPACE/NAME` opens a region, `# end of ingress` closes it; lines
outside of regions have no owner. Regions do not nest.
"""

import re

from generator.nginx import quoting
from generator.nginx.quoting import Written
from generator.objects import Kind, Name, ObjectRef

_MARKER = re.compile(r"[ \t]*# (?:ingress (?P<namespace>[^\s/]+)/(?P<name>[^\s/]+)|end of ingress)")


def marker(owner: ObjectRef) -> Written:
    """Write the owner for `# ingress …`. Raises Unwritable where it is not a Kubernetes name."""
    return quoting.comment(str(owner.name))


def owner_of(text: str, line: int) -> ObjectRef | None:
    """Return the Ingress that owns line number `line` (from 1); None where none does."""
    for before in reversed(text.split("\n", line)[:line]):
        found = _MARKER.fullmatch(before)
        if found:
            return _owner(found)
    return None


def _owner(found: re.Match[str]) -> ObjectRef | None:
    if found["name"] is None:
        return None
    return ObjectRef(Kind.INGRESS, Name(found["namespace"], found["name"]))
