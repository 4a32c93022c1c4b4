"""What nginx's answers teach: which Ingresses are held, and what is known to be good. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from generator.loop import admin_choice
from generator.loop.attempt import Attempt, Failure
from generator.loop.diagnosis import Diagnosis, diagnose, participants
from generator.loop.fingerprint import fingerprint
from generator.loop.state import State
from generator.model import Certificate
from generator.nginx.errors import TemplateError, Unwritable
from generator.objects import Ingress, Name
from generator.problems import Code
from generator.quarantine.bisection import (
    after_accepted_check,
    after_refused_trial,
    after_success,
    hold,
    suspend,
)
from generator.quarantine.holds import Fallback, HoldReason, Quarantine, asks_the_same
from generator.snapshot import Snapshot
from generator.translation import LastGood
from reloader.contract import Status

# --- from what nginx serves ---------------------------------------------------------------------


def from_applied(state: State, attempt: Attempt) -> State:
    """Learn from an attempt that nginx serves."""
    inputs = attempt.inputs
    quarantine = after_success(state.quarantine, inputs.quarantine, inputs.snapshot)
    admin = admin_choice.proved(state.admin, inputs.admin, searching=quarantine.searching)
    return replace(
        state,
        quarantine=quarantine,
        admin=admin,
        last_good=_good_now(state.last_good, attempt),
    )


def without_deleted(
    certificates: Mapping[Name, Certificate], before: Snapshot, now: Snapshot
) -> Mapping[Name, Certificate]:
    """Return the certificates without those of Secrets that were deleted between the two.

    The last good certificate of a Secret that was not there before either stays, as after
    a restart without the right to read it.
    """
    deleted = before.secrets.keys() - now.secrets.keys()
    return {n: c for n, c in certificates.items() if n not in deleted} if deleted else certificates


def _good_now(last_good: LastGood, attempt: Attempt) -> LastGood:
    """Add what nginx has taken, and forget what is no longer there."""
    replaced = attempt.inputs.quarantine.replaced()
    contributions = attempt.translation.contributions

    def newest(name: Name) -> Ingress | None:
        fallback = replaced[name].fallback if name in replaced else Fallback.LAST_GOOD
        if (
            fallback is Fallback.LAST_GOOD
            and name in contributions
            and not contributions[name].trace
            and not contributions[name].shed
        ):
            return attempt.substituted.ingresses[name]
        return last_good.ingresses.get(name)

    names = (*contributions, *(n for n in replaced if n in attempt.inputs.snapshot.ingresses))
    return LastGood(
        ingresses={name: good for name in names if (good := newest(name)) is not None},
        certificates=attempt.translation.certificates,
    )


# --- from what nginx refuses --------------------------------------------------------------------


def from_refused(state: State, attempt: Attempt, status: Status) -> State | None:
    """Learn from an attempt that `nginx -t` refuses; None where nothing in it is at fault."""
    used = attempt.inputs.admin
    why = f"nginx refuses what they give: {status.message}"
    doubted = admin_choice.doubted(state.admin, used, why)
    if doubted:
        return replace(state, admin=doubted)
    if used != state.admin.used:
        return state  # others are tried already
    quarantine = _after_verdict(state, attempt, status)
    if quarantine is None:
        return None
    admin = admin_choice.cleared(state.admin)
    return replace(state, quarantine=_dated(state, attempt, quarantine), admin=admin)


def from_checked(state: State, attempt: Attempt, status: Status) -> State:
    """Learn from the answer about suspects that were checked alone."""
    refused = attempt.inputs.quarantine
    if status.stage == "accepted":
        quarantine = after_accepted_check(state.quarantine, refused)
    else:
        quarantine = _after_verdict(state, attempt, status) or state.quarantine
    return replace(state, quarantine=_dated(state, attempt, quarantine))


def _dated(state: State, attempt: Attempt, quarantine: Quarantine) -> Quarantine:
    """Note when, and by which nginx and so on, the first one was convicted."""
    if state.quarantine.has_convicted or not quarantine.has_convicted:
        return quarantine
    judged_by = fingerprint(attempt.inputs.surroundings, state.admin.wanted)
    return replace(quarantine, judged_by=judged_by, retried_at=state.now)


def _after_verdict(state: State, attempt: Attempt, status: Status) -> Quarantine | None:
    quarantine, refused = state.quarantine, attempt.inputs.quarantine
    diagnosis, reason = diagnose(status, attempt), HoldReason(status.message)
    if diagnosis.file:
        return quarantine.with_file(diagnosis.file, status.message)
    if diagnosis.culprit:
        return hold(quarantine, refused, diagnosis.culprit, state.last_good.ingresses, reason)
    if attempt.is_trial:
        return after_refused_trial(quarantine, refused, reason)
    return _with_suspects(state, attempt, diagnosis, reason)


def _with_suspects(
    state: State, attempt: Attempt, diagnosis: Diagnosis, reason: HoldReason
) -> Quarantine | None:
    """Suspend what nginx does not serve yet; None where there is nothing of the kind."""
    quarantine, refused = state.quarantine, attempt.inputs.quarantine
    good = state.last_good.ingresses
    changed = attempt.changed_since(state.serving)
    guilty = [ingress for ingress in changed if ingress.name in refused.held]
    fresh = [ingress for ingress in changed if ingress.name not in refused.replaced()]
    # One that is as nginx took it before is innocent, unless there is no other: then
    # something that it names is new.
    suspects = [i for i in fresh if not _is_good(i, state.last_good)] or fresh
    if any(ingress.name in diagnosis.candidates for ingress in (*guilty, *suspects)):
        guilty = [ingress for ingress in guilty if ingress.name in diagnosis.candidates]
        suspects = [ingress for ingress in suspects if ingress.name in diagnosis.candidates]
        guilty = guilty or (suspects if len(suspects) == 1 else [])
    if not guilty and not suspects:
        return None
    for culprit in guilty:
        quarantine = hold(quarantine, refused, culprit, good, reason)
    return quarantine if guilty else suspend(quarantine, suspects, good, reason)


def _is_good(ingress: Ingress, last_good: LastGood) -> bool:
    good = last_good.ingresses.get(ingress.name)
    return good is not None and asks_the_same(good, ingress)


# --- from what cannot be rendered ---------------------------------------------------------------


def from_failure(state: State, failure: Failure) -> State:
    """Learn from an attempt that could not be rendered; the same state where nothing is learned."""
    error = failure.error
    if isinstance(error, TemplateError):
        doubted = admin_choice.doubted(state.admin, failure.inputs.admin, str(error))
        if doubted:
            return replace(state, admin=replace(doubted, refused=str(error)))
    good = state.last_good.ingresses
    reason = HoldReason(str(error), Code.INTERNAL_ERROR)
    quarantine = state.quarantine
    for culprit in _culprits(state, failure):
        quarantine = hold(quarantine, quarantine, culprit, good, reason)
    return replace(state, quarantine=quarantine)


def _culprits(state: State, failure: Failure) -> Iterable[Ingress]:
    """Return the Ingress that cannot be rendered, or those of which one cannot."""
    error, ingresses = failure.error, failure.substituted.ingresses
    if isinstance(error, Unwritable) and error.owner and error.owner.name in ingresses:
        return (ingresses[error.owner.name],)
    if error.piece is None:
        return ()
    found = [ingresses[name] for name in participants(failure.translation, error.piece)]
    return [i for i in found if not _is_good(i, state.last_good)] or found
