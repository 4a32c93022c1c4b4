"""Finds the Ingresses that make nginx refuse a configuration. Pure.

An Ingress that nginx's message identifies is held at once. Where the message identifies
none, all Ingresses that nginx does not serve yet are suspended: the rest was served
before. Once that passes, they are tried a group at a time, with nothing else new beside
them. A group that passes is innocent; one that is refused is halved, down to a single
Ingress, which is held. So none is held without proof, and innocent ones are served as
before during the search.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from generator.objects import Ingress, Name
from generator.quarantine.holds import Fallback, Group, Hold, HoldReason, Quarantine, asks_the_same
from generator.snapshot import Snapshot

LastGood = Mapping[Name, Ingress]
"""The last version of each Ingress that nginx accepted."""


def hold(
    quarantine: Quarantine,
    wish: Quarantine,
    culprit: Ingress,
    good: LastGood,
    reason: HoldReason,
) -> Quarantine:
    """Hold a culprit; apply the next fallback where it was held already.

    `wish` is the quarantine of the configuration that nginx refused: a second answer
    about the same fallback changes nothing.
    """
    name = culprit.name
    now, then = quarantine.held.get(name), wish.replaced().get(name)
    if now is not None and (then is None or then.fallback is not now.fallback):
        return quarantine
    last_good = then.good if then else good.get(name)
    held = Hold(
        refused=then.refused if then else culprit,
        fallback=_NEXT_FALLBACK[then.fallback] if then else _first_fallback(culprit, last_good),
        good=last_good,
        reason=reason,
    )
    return _with_held(quarantine, held)


def suspend(
    quarantine: Quarantine, suspects: Iterable[Ingress], good: LastGood, reason: HoldReason
) -> Quarantine:
    """Suspend these: serve them as before, and search among them."""
    fresh = {
        suspect.name: Hold(
            refused=suspect,
            fallback=_as_before(suspect, good.get(suspect.name)),
            good=good.get(suspect.name),
            reason=reason,
        )
        for suspect in suspects
    }
    return replace(
        quarantine,
        suspended={**quarantine.suspended, **fresh},
        groups=(*quarantine.groups, *_halves(tuple(fresh))),
    )


def next_trial(quarantine: Quarantine) -> Quarantine:
    """Try the next group."""
    if quarantine.trying or not quarantine.groups:
        return quarantine
    return replace(quarantine, trying=quarantine.groups[0], groups=quarantine.groups[1:])


def after_success(quarantine: Quarantine, wish: Quarantine, served: Snapshot) -> Quarantine:
    """Release suspects that nginx serves as they ask: those on trial, and perhaps others."""
    replaced = wish.replaced()

    def is_innocent(name: Name, held: Hold) -> bool:
        now = served.ingresses.get(name)
        return name not in replaced and now is not None and asks_the_same(now, held.refused)

    innocent = frozenset(n for n, h in quarantine.suspended.items() if is_innocent(n, h))
    if not innocent and not quarantine.trying:
        return quarantine
    # Ingresses still on trial were not in this wish as they are now.
    return _untried(quarantine.without(innocent))


def after_refused_trial(quarantine: Quarantine, wish: Quarantine, reason: HoldReason) -> Quarantine:
    """Suspend the Ingresses of a refused trial again, in halves; hold one that was alone."""
    left = tuple(name for name in wish.trying if name in quarantine.trying)
    quarantine = replace(quarantine, trying=())
    if len(wish.trying) > 1 or not left:
        return replace(quarantine, groups=(*_halves(left), *quarantine.groups))
    (name,) = left
    suspect = quarantine.suspended[name]
    held = replace(suspect, fallback=_first_fallback(suspect.refused, suspect.good), reason=reason)
    return _with_held(quarantine, held)


def without_suspects(quarantine: Quarantine) -> Quarantine:
    """Release all suspects: nginx refuses without them too, so none of them is the cause."""
    return replace(quarantine, suspended={}, groups=(), trying=())


def _with_held(quarantine: Quarantine, held: Hold) -> Quarantine:
    """Hold one, which is no suspect any more."""
    name = held.refused.name
    rest = _untried(quarantine.without(frozenset([name])))
    return replace(rest, held={**rest.held, name: held})


_NEXT_FALLBACK = {
    Fallback.LAST_GOOD: Fallback.UNAVAILABLE,
    Fallback.UNAVAILABLE: Fallback.LEFT_OUT,
    Fallback.LEFT_OUT: Fallback.LEFT_OUT,
}


def _first_fallback(culprit: Ingress, good: Ingress | None) -> Fallback:
    usable = good is not None and not asks_the_same(good, culprit)
    return Fallback.LAST_GOOD if usable else Fallback.UNAVAILABLE


def _as_before(suspect: Ingress, good: Ingress | None) -> Fallback:
    """Return the fallback that comes closest to what is served now.

    An Ingress that is unchanged, but names something new, has no version before that.
    """
    if good is None:
        return Fallback.LEFT_OUT
    return Fallback.UNAVAILABLE if asks_the_same(good, suspect) else Fallback.LAST_GOOD


def _halves(names: Group) -> tuple[Group, ...]:
    middle = len(names) // 2
    return tuple(filter(None, (names[:middle], names[middle:])))


def _untried(quarantine: Quarantine) -> Quarantine:
    """Put the group on trial back, to be tried again later."""
    if not quarantine.trying:
        return quarantine
    return replace(quarantine, trying=(), groups=(quarantine.trying, *quarantine.groups))
