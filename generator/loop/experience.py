"""What nginx's answers teach: who may not be served as they ask, and what is known to be good.

Pure: an answer makes a new value of the old one, and where nothing was learned, the
same one. What to do about it (try again at once, or later) is the controller's.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from generator.loop import template_choice
from generator.loop.attempt import Attempt, Failure
from generator.loop.blame import Blame, blame, involved
from generator.loop.template_choice import TemplateChoice
from generator.model import Certificate
from generator.nginx.errors import TemplateError, Unwritable
from generator.objects import Ingress, Name
from generator.problems import Code
from generator.quarantine.bisection import acquitted, convicted, given_up, hold, suspend
from generator.quarantine.holds import Measure, Quarantine, Reason, asks_the_same
from generator.snapshot import Snapshot
from generator.translation import LastGood
from reloader.contract import Status


class Experience(Struct, frozen=True, kw_only=True):
    """All that was learned so far."""

    templates: TemplateChoice
    quarantine: Quarantine = Quarantine()
    known: LastGood = LastGood()
    serving: Attempt | None = None
    """What nginx serves, where this process knows."""


def after_applied(experience: Experience, attempt: Attempt) -> Experience:
    """Learn from an attempt that nginx serves."""
    inputs = attempt.inputs
    quarantine = acquitted(experience.quarantine, inputs.quarantine, inputs.source)
    return Experience(
        templates=template_choice.proved(
            experience.templates, inputs.templates, searching=quarantine.searching
        ),
        quarantine=quarantine,
        known=_good_now(experience.known, attempt),
        serving=attempt,
    )


def after_deletions(experience: Experience, before: Snapshot, now: Snapshot) -> Experience:
    """Forget the certificates of Secrets that were there and are no more: that is meant."""
    known = experience.known
    kept = without_deleted(known.certificates, before, now)
    return replace(experience, known=replace(known, certificates=kept))


def without_deleted(
    certificates: Mapping[Name, Certificate], before: Snapshot, now: Snapshot
) -> Mapping[Name, Certificate]:
    """Return them without those of Secrets that have gone since.

    Of a Secret that was never there, as after a restart without the right to read it, the
    last good certificate stays.
    """
    deleted = before.secrets.keys() - now.secrets.keys()
    return {n: c for n, c in certificates.items() if n not in deleted} if deleted else certificates


def may_go_on(before: Experience, now: Experience) -> bool:
    """Whether the next trial may follow a refused one: not beside a measure that is new."""
    return before.quarantine.held == now.quarantine.held


def after_refused(experience: Experience, attempt: Attempt, status: Status) -> Experience | None:
    """Learn from an attempt that `nginx -t` refuses; None where it is the fault of nobody."""
    used = attempt.inputs.templates
    why = f"nginx refuses what they give: {status.message}"
    doubted = template_choice.doubted(experience.templates, used, why)
    if doubted:
        return replace(experience, templates=doubted)
    if used != experience.templates.used:
        return experience  # others are tried already
    quarantine = _judged(experience, attempt, status)
    if quarantine is None:
        return None
    return replace(
        experience,
        quarantine=quarantine,
        templates=template_choice.cleared(experience.templates),
    )


def after_giving_up(experience: Experience) -> Experience:
    """Suspect nobody any more."""
    return replace(experience, quarantine=given_up(experience.quarantine))


def _judged(experience: Experience, attempt: Attempt, status: Status) -> Quarantine | None:
    quarantine, wish = experience.quarantine, attempt.inputs.quarantine
    lead, reason = blame(status, attempt), Reason(status.message)
    if lead.file:
        return quarantine.with_file(lead.file, status.message)
    if lead.culprit:
        return hold(quarantine, wish, lead.culprit, experience.known.ingresses, reason)
    if wish.trying:
        return convicted(quarantine, wish, reason)
    return _suspected(experience, attempt, lead, reason)


def _suspected(
    experience: Experience, attempt: Attempt, lead: Blame, reason: Reason
) -> Quarantine | None:
    """Suspect what nginx does not serve yet; None where there is nothing of the kind."""
    quarantine, wish = experience.quarantine, attempt.inputs.quarantine
    good = experience.known.ingresses
    changed = attempt.changed_since(experience.serving)
    guilty = [ingress for ingress in changed if ingress.name in wish.held]
    fresh = [ingress for ingress in changed if ingress.name not in wish.replaced()]
    # One that is as nginx took it before is innocent, unless nobody else is left: then
    # something that it names is new.
    suspects = [i for i in fresh if not _is_good(i, experience.known)] or fresh
    if any(ingress.name in lead.involved for ingress in (*guilty, *suspects)):
        guilty = [ingress for ingress in guilty if ingress.name in lead.involved]
        suspects = [ingress for ingress in suspects if ingress.name in lead.involved]
        guilty = guilty or (suspects if len(suspects) == 1 else [])
    if not guilty and not suspects:
        return None
    for culprit in guilty:
        quarantine = hold(quarantine, wish, culprit, good, reason)
    return quarantine if guilty else suspend(quarantine, suspects, good, reason)


def after_failure(experience: Experience, failure: Failure) -> Experience:
    """Learn from an attempt that could not be written; the same where no one can be held."""
    error, templates = failure.error, experience.templates
    if isinstance(error, TemplateError):
        doubted = template_choice.doubted(templates, failure.inputs.templates, str(error))
        if doubted:
            return replace(experience, templates=replace(doubted, refused=str(error)))
    quarantine = experience.quarantine
    for culprit in _unwritable(experience, failure):
        quarantine = hold(
            quarantine,
            quarantine,
            culprit,
            experience.known.ingresses,
            Reason(str(error), Code.INTERNAL_ERROR),
        )
    return replace(experience, quarantine=quarantine)


def _unwritable(experience: Experience, failure: Failure) -> Iterable[Ingress]:
    """Return those that cannot be written, or of whom one cannot."""
    error, ingresses = failure.error, failure.snapshot.ingresses
    if isinstance(error, Unwritable) and error.owner and error.owner.name in ingresses:
        return (ingresses[error.owner.name],)
    if error.piece is None:
        return ()
    found = [ingresses[name] for name in involved(failure.translation, error.piece)]
    return [i for i in found if not _is_good(i, experience.known)] or found


def _is_good(ingress: Ingress, known: LastGood) -> bool:
    good = known.ingresses.get(ingress.name)
    return good is not None and asks_the_same(good, ingress)


def _good_now(known: LastGood, attempt: Attempt) -> LastGood:
    """Add what nginx has taken, and forget what is there no more."""
    replaced = attempt.inputs.quarantine.replaced()
    contributions = attempt.translation.contributions

    def newest(name: Name) -> Ingress | None:
        measure = replaced[name].measure if name in replaced else Measure.LAST_GOOD
        if measure is Measure.LAST_GOOD and name in contributions and not contributions[name].trace:
            return attempt.snapshot.ingresses[name]
        return known.ingresses.get(name)

    names = (*contributions, *(n for n in replaced if n in attempt.inputs.source.ingresses))
    return LastGood(
        ingresses={name: good for name in names if (good := newest(name)) is not None},
        certificates=attempt.translation.certificates,
    )
