"""Finds out which Ingresses do the harm when nginx refuses a configuration. Pure.

Whom nginx's message leads to is held at once. Where it leads to nobody, all that it
does not serve yet are suspended: what is left is what was served before. Only when that
passes are they let go again, a group at a time, with nothing else new beside them. A
group that passes is innocent; one that does not is halved, down to the one that is held.
So nobody is held without a proof, and who is innocent is served as before meanwhile.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from generator.objects import Ingress, Name
from generator.quarantine.holds import Group, Hold, Measure, Quarantine, Reason, asks_the_same
from generator.snapshot import Snapshot

Good = Mapping[Name, Ingress]
"""The last good version of each Ingress."""


def hold(
    quarantine: Quarantine,
    wish: Quarantine,
    culprit: Ingress,
    good: Good,
    reason: Reason,
) -> Quarantine:
    """Hold an Ingress that the harm is known of; by the next measure where it was held already.

    `wish` is the quarantine as it was in what nginx refused: another answer about the
    same thing teaches nothing new.
    """
    name = culprit.name
    now, then = quarantine.held.get(name), wish.replaced().get(name)
    if now is not None and (then is None or then.measure is not now.measure):
        return quarantine
    last_good = then.good if then else good.get(name)
    held = Hold(
        refused=then.refused if then else culprit,
        measure=_AFTER[then.measure] if then else _first_measure(culprit, last_good),
        good=last_good,
        reason=reason,
    )
    rest = _untried(quarantine.without(frozenset([name])))
    return replace(rest, held={**rest.held, name: held})


def suspend(
    quarantine: Quarantine, suspects: Iterable[Ingress], good: Good, reason: Reason
) -> Quarantine:
    """Have these served as before, for a search among them."""
    fresh = {
        suspect.name: Hold(
            refused=suspect,
            measure=_as_before(suspect, good.get(suspect.name)),
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
    """Let the next group go."""
    if quarantine.trying or not quarantine.groups:
        return quarantine
    return replace(quarantine, trying=quarantine.groups[0], groups=quarantine.groups[1:])


def acquitted(quarantine: Quarantine, wish: Quarantine, served: Snapshot) -> Quarantine:
    """Let go for good whoever nginx serves as they ask: those on trial, and by chance others."""
    replaced = wish.replaced()

    def is_innocent(name: Name, held: Hold) -> bool:
        now = served.ingresses.get(name)
        return name not in replaced and now is not None and asks_the_same(now, held.refused)

    innocent = frozenset(n for n, h in quarantine.suspended.items() if is_innocent(n, h))
    if not innocent and not quarantine.trying:
        return quarantine
    # Whoever is still on trial was not in this wish as it is now.
    return _untried(quarantine.without(innocent))


def convicted(quarantine: Quarantine, wish: Quarantine, reason: Reason) -> Quarantine:
    """Take back those on trial in a refused wish: of many each half is tried, one is held."""
    left = tuple(name for name in wish.trying if name in quarantine.trying)
    quarantine = replace(quarantine, trying=())
    if len(wish.trying) > 1 or not left:
        return replace(quarantine, groups=(*_halves(left), *quarantine.groups))
    (name,) = left
    suspect = quarantine.suspended[name]
    held = replace(suspect, measure=_first_measure(suspect.refused, suspect.good), reason=reason)
    others = quarantine.without(frozenset(left))
    return replace(others, held={**others.held, name: held})


def given_up(quarantine: Quarantine) -> Quarantine:
    """Let all suspects go: nginx refuses without them too, so it is the fault of none."""
    return replace(quarantine, suspended={}, groups=(), trying=())


_AFTER = {
    Measure.LAST_GOOD: Measure.UNAVAILABLE,
    Measure.UNAVAILABLE: Measure.LEFT_OUT,
    Measure.LEFT_OUT: Measure.LEFT_OUT,
}


def _first_measure(culprit: Ingress, good: Ingress | None) -> Measure:
    usable = good is not None and not asks_the_same(good, culprit)
    return Measure.LAST_GOOD if usable else Measure.UNAVAILABLE


def _as_before(suspect: Ingress, good: Ingress | None) -> Measure:
    """Return the measure that comes closest to what is served now.

    Of one that is not new itself, but names something that is, nothing came before.
    """
    if good is None:
        return Measure.LEFT_OUT
    return Measure.UNAVAILABLE if asks_the_same(good, suspect) else Measure.LAST_GOOD


def _halves(names: Group) -> tuple[Group, ...]:
    middle = len(names) // 2
    return tuple(filter(None, (names[:middle], names[middle:])))


def _untried(quarantine: Quarantine) -> Quarantine:
    """Have those on trial tried again later."""
    if not quarantine.trying:
        return quarantine
    return replace(quarantine, trying=(), groups=(quarantine.trying, *quarantine.groups))
