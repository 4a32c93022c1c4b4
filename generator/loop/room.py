"""Whom a full volume costs its paths, and when it has room again. Pure."""

from collections.abc import Mapping

from generator.loop.attempt import Attempt
from generator.objects import Ingress, Name

_LARGE = 1 << 16
"""Bytes of nginx.conf. What is served already and smaller than this makes no room worth it."""
_SHARE = 2
"""Those of at least half the size of the largest are the largest."""

Shed = Mapping[Name, Ingress]


def shed_next(attempt: Attempt, serving: Attempt | None) -> Name | None:
    """Choose the newest of the largest: first among what is not served yet; None: there is none.

    `attempt` is one that the volume had no room for.
    """
    sizes = {
        name: each.size for name, each in attempt.translation.contributions.items() if not each.shed
    }
    least = max(sizes.values(), default=0) // _SHARE
    changed = {ingress.name for ingress in attempt.changed_since(serving)}
    fresh = [name for name in sizes if name in changed and sizes[name] >= least]
    large = [name for name in sizes if sizes[name] >= max(least, _LARGE)]
    new = [name for name in sizes if name in changed]
    candidates = fresh or large or new
    return candidates[-1] if candidates else None


def has_room(free: int, newest: Attempt, shed: Shed) -> bool:
    """Whether all that was shed may fit: beside what lies there, thrice while it is changed."""
    contributions = newest.translation.contributions
    more = sum(contributions[name].size for name in shed if name in contributions)
    return free >= 2 * newest.rendering.size + 3 * more
