"""Finds the Ingresses that make nginx refuse a configuration. Pure.

An Ingress that nginx's message identifies is held at once. Where the message identifies
none, all Ingresses that nginx does not serve yet are suspended: the rest was served
before. Once that passes, groups of them are checked alone, without serving or anything
else beside them. A group that passes is cleared; one that is refused is halved, down to a
single Ingress, which is held. Then all that were cleared are served together. Where nginx
refuses that, or the reloader does no such checks, groups are tried by serving them beside
the rest, in the same way. So none is held without proof, and innocent ones are served as
before during the search.

What is held is tried again by itself, in the same way: under another nginx, other templates
or options, and once a day.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from generator.objects import Ingress, Name
from generator.problems import Code
from generator.quarantine.holds import Fallback, Group, Hold, HoldReason, Quarantine, asks_the_same
from generator.snapshot import Snapshot

RETRY_S = 24 * 3600.0
"""How long nobody tries again what is held."""
_MOST_FILES = 20
"""Certificates that are used again at a time: each that is refused again costs everyone a wish."""

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


def next_trial(quarantine: Quarantine, *, can_check: bool = False) -> Quarantine:
    """Try the next group: alone where that can be done, else all that are cleared, by serving."""
    if quarantine.trying:
        return quarantine
    if not quarantine.searching:
        return quarantine
    alone = can_check and not quarantine.together and bool(quarantine.groups)
    if alone:
        groups, cleared = quarantine.groups, quarantine.cleared
    else:
        groups, cleared = (*filter(None, (quarantine.cleared,)), *quarantine.groups), ()
    return replace(quarantine, trying=groups[0], groups=groups[1:], cleared=cleared, alone=alone)


def after_accepted_check(quarantine: Quarantine, wish: Quarantine) -> Quarantine:
    """Clear the Ingresses that nginx took alone."""
    passed = tuple(name for name in wish.trying if name in quarantine.trying)
    cleared = (*quarantine.cleared, *passed)
    return replace(quarantine, trying=(), alone=False, cleared=cleared)


def untried(quarantine: Quarantine) -> Quarantine:
    """Put the group on trial back, to be tried again later."""
    if not quarantine.trying:
        return quarantine
    groups = (quarantine.trying, *quarantine.groups)
    return replace(quarantine, trying=(), alone=False, groups=groups)


def is_retry_due(quarantine: Quarantine, judged_by: str, now: float) -> bool:
    """Whether what is held may be held wrongly by now."""
    if not quarantine.has_convicted:
        return False
    age_s = now - quarantine.retried_at
    return quarantine.judged_by != judged_by or not 0 <= age_s < RETRY_S


def retried(quarantine: Quarantine, judged_by: str, now: float) -> Quarantine:
    """Try again all that nginx refused, without an edit; what is served for it stays meanwhile.

    Certificates are simply used again, those that were not for longest: nginx names the file of
    one that it refuses.
    """
    again = {
        name: replace(hold, is_retried=True)
        for name, hold in quarantine.held.items()
        if hold.reason.code is Code.REFUSED_BY_NGINX
    }
    return replace(
        quarantine,
        held={name: hold for name, hold in quarantine.held.items() if name not in again},
        suspended={**quarantine.suspended, **again},
        groups=(*quarantine.groups, *_halves(tuple(again))),
        files=dict(list(quarantine.files.items())[_MOST_FILES:]),
        judged_by=judged_by,
        retried_at=now,
    )


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
    return _ended(untried(quarantine.without(innocent)))


def after_refused_trial(quarantine: Quarantine, wish: Quarantine, reason: HoldReason) -> Quarantine:
    """Suspend the Ingresses of a refused trial again, in halves; hold one that was alone."""
    left = tuple(name for name in wish.trying if name in quarantine.trying)
    together = quarantine.together or not wish.alone
    quarantine = replace(quarantine, trying=(), alone=False, together=together)
    if len(wish.trying) > 1 or not left:
        return replace(quarantine, groups=(*_halves(left), *quarantine.groups))
    (name,) = left
    suspect = quarantine.suspended[name]
    fallback = suspect.fallback
    if not suspect.is_retried:
        fallback = _first_fallback(suspect.refused, suspect.good)
    held = replace(suspect, fallback=fallback, reason=reason, is_retried=False)
    return _with_held(quarantine, held)


def without_suspects(quarantine: Quarantine) -> Quarantine:
    """Release all suspects: nginx refuses without them too, so none of them is the cause.

    What was held before stays held.
    """
    retried = {name: hold for name, hold in quarantine.suspended.items() if hold.is_retried}
    again = {name: replace(hold, is_retried=False) for name, hold in retried.items()}
    return replace(
        quarantine,
        held={**quarantine.held, **again},
        suspended={},
        groups=(),
        trying=(),
        alone=False,
        cleared=(),
        together=False,
    )


def _with_held(quarantine: Quarantine, held: Hold) -> Quarantine:
    """Hold one, which is no suspect any more."""
    name = held.refused.name
    rest = untried(quarantine.without(frozenset([name])))
    return _ended(replace(rest, held={**rest.held, name: held}))


def _ended(quarantine: Quarantine) -> Quarantine:
    """Forget how the search went, once nothing is left to try."""
    return quarantine if quarantine.searching else replace(quarantine, together=False)


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
