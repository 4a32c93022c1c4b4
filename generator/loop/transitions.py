"""What the loop does next: each event makes a new state of the old one, and says what follows.

Pure, but for what an AttemptMaker remembers for speed. The controller calls these on what
it reads and hears; `pillion lint` on what `nginx -t` says.
"""

from enum import Enum, auto

from msgspec.structs import replace

from generator.loop import admin_choice, lessons
from generator.loop.attempt import Attempt, AttemptInputs, AttemptMaker
from generator.loop.fingerprint import fingerprint
from generator.loop.room import has_room, shed_next
from generator.loop.state import PendingWish, State
from generator.nginx.capabilities import Capabilities
from generator.nginx.jinja import TemplateSet
from generator.problems import Problems
from generator.quarantine.bisection import (
    is_retry_due,
    next_trial,
    retried,
    untried,
    without_suspects,
)
from generator.quarantine.holds import asks_the_same, without_changed
from generator.snapshot import Snapshot
from generator.translation import LastGood, TranslationSettings
from reloader.contract import Status


class Do(Enum):
    """What follows an event."""

    PUBLISH = auto()
    """Publish the attempt as the next wish."""
    CHECK = auto()
    """Have the attempt checked, and not served."""
    ATTEMPT = auto()
    """Make the next attempt now."""
    RETRY = auto()
    """Make the next attempt after a pause, which grows, or when anything changes."""
    WAIT = auto()
    """Nothing, until anything changes or an answer comes."""


Step = tuple[State, Do]

_MOST_PENDING = 8
"""The newest. The reloader may be at an earlier one than the last, but not for long."""

# --- what there is to serve ---------------------------------------------------------------------


def after_change(state: State, snapshot: Snapshot) -> Step:
    """Take a newer snapshot."""
    state = _without_deleted_certificates(state, state.snapshot, snapshot)
    found = snapshot.config_maps.get(state.config_map) if state.config_map else None
    wanted = replace(state.admin.wanted, options=found.data if found else {})
    admin = admin_choice.newest(state.admin, wanted)
    shed = {
        name: ingress
        for name, ingress in state.shed.items()
        if (now := snapshot.ingresses.get(name)) and asks_the_same(now, ingress)
    }
    return replace(state, snapshot=snapshot, admin=admin, shed=shed), Do.ATTEMPT


def after_templates(state: State, templates: TemplateSet, problems: Problems) -> Step:
    """Take templates that were just read."""
    wanted = replace(state.admin.wanted, templates=templates)
    admin = admin_choice.newest(state.admin, wanted)
    return replace(state, admin=admin, template_problems=problems), Do.ATTEMPT


def after_capabilities(
    state: State, capabilities: Capabilities, *, can_check: bool = False
) -> Step:
    """Take what the reloader reports of its nginx, and whether it does checks."""
    state = replace(state, can_check=can_check)
    if state.checking and not can_check:  # an earlier reloader has taken its place
        return after_unchecked(state)[0], Do.ATTEMPT
    if capabilities == state.surroundings.capabilities:
        return state, Do.WAIT
    surroundings = replace(state.surroundings, capabilities=capabilities)
    return replace(state, surroundings=surroundings), Do.ATTEMPT


# --- an attempt ---------------------------------------------------------------------------------


def next_attempt(
    state: State, settings: TranslationSettings, maker: AttemptMaker
) -> tuple[State, Attempt]:
    """Make an attempt by what was learned, and learn until one can be rendered.

    Not to be called while a trial is pending: whatever is new would spoil the proof.
    Raises RenderError where no Ingress and no template can be held for what goes wrong.
    """
    state = _with_trial_if_due(state)
    while True:
        made = maker.make(_inputs(state, settings))
        if isinstance(made, Attempt):
            return state, made
        learned = lessons.from_failure(state, made)
        if (learned.quarantine, learned.admin) == (state.quarantine, state.admin):
            raise made.error
        state = learned


def after_attempt(state: State, attempt: Attempt) -> Step:
    """Have a new text published.

    Ingresses may change without adding text, such as one whose paths are all taken: then
    the newest wish stands for this attempt too, answered or not.
    """
    if attempt.inputs.quarantine.alone:
        return state, Do.CHECK
    is_same = state.newest is not None and attempt.rendering == state.newest.rendering
    if not is_same:
        return state, Do.PUBLISH
    if not state.pending:
        return _served(state, attempt)
    generation = max(state.pending)
    amended = replace(state.pending[generation], attempt=attempt)
    return replace(state, pending={**state.pending, generation: amended}), Do.WAIT


def after_published(state: State, generation: int, wish: PendingWish) -> Step:
    """Take note that this is the wish on the volume now."""
    pending = dict([*state.pending.items(), (generation, wish)][-_MOST_PENDING:])
    return replace(state, newest=wish.attempt, pending=pending), Do.WAIT


def after_check_published(state: State, attempt: Attempt) -> Step:
    """Take note that this is being checked."""
    return replace(state, checking=attempt), Do.WAIT


def after_clock(state: State, now: float) -> Step:
    """Take the time, and try again what has been held for long."""
    state = replace(state, now=now)
    return state, Do.ATTEMPT if _is_retry_due(state) else Do.WAIT


def _is_retry_due(state: State) -> bool:
    is_settled = state.serving is not None and not state.pending
    if not (is_settled and state.quarantine.has_convicted):
        return False
    return is_retry_due(state.quarantine, _judge(state), state.now)


def _judge(state: State) -> str:
    return fingerprint(state.surroundings, state.admin.wanted)


def _with_trial_if_due(state: State) -> State:
    quarantine = without_changed(state.quarantine, state.snapshot)
    if _is_retry_due(state):
        quarantine = retried(quarantine, _judge(state), state.now)
    if state.trial_is_due and state.serving is not None and not state.pending:
        quarantine = next_trial(quarantine, can_check=state.can_check)
    return replace(state, quarantine=quarantine)


def _inputs(state: State, settings: TranslationSettings) -> AttemptInputs:
    on_trial = state.serving if state.quarantine.trying else None
    snapshot = on_trial.inputs.snapshot if on_trial else state.snapshot
    return AttemptInputs(
        snapshot=snapshot,
        quarantine=state.quarantine,
        shed=frozenset(state.shed),
        last_good=_newest_good(state, snapshot),
        settings=settings,
        surroundings=replace(state.surroundings, is_whole=_is_whole(state)),
        admin=state.admin.used,
    )


def _is_whole(state: State) -> bool:
    """Whether what is made now lacks nothing but what nginx was proved to refuse.

    Once that was so on this volume, nginx stays ready: others have no more of what comes new.
    """
    admin = state.admin
    is_as_wanted = admin.used == admin.wanted or bool(admin.refused)
    return state.has_been_whole or (is_as_wanted and not state.quarantine.seeks_newcomers)


def _newest_good(state: State, now: Snapshot) -> LastGood:
    """Count certificates of the newest wish as good, since nginx may be taking them just now."""
    newest, last_good = state.newest, state.last_good
    if newest is None:
        return last_good
    certificates = {**last_good.certificates, **newest.translation.certificates}
    kept = lessons.without_deleted(certificates, newest.inputs.snapshot, now)
    return replace(last_good, certificates=kept)


# --- room on the volume -------------------------------------------------------------------------


def after_full(state: State, attempt: Attempt) -> Step:
    """Shed one Ingress of an attempt that the volume had no room for."""
    name = shed_next(attempt, state.serving)
    if name is None:
        return state, Do.RETRY
    shed = {**state.shed, name: attempt.substituted.ingresses[name]}
    if asked := attempt.inputs.snapshot.ingresses.get(name):
        shed[name] = asked
    return replace(state, shed=shed), Do.ATTEMPT


def lacks_room(state: State, free: int) -> bool:
    """Whether the reloader cannot copy the newest wish to where nginx reads it."""
    return bool(state.pending) and state.newest is not None and free < state.newest.rendering.size


def after_room(state: State, free: int) -> Step:
    """Take back what was shed once so many bytes are free that it may fit."""
    newest = state.newest or state.serving
    if not state.shed or state.pending or newest is None:
        return state, Do.WAIT
    if not has_room(free, newest, state.shed):
        return state, Do.WAIT
    return replace(state, shed={}), Do.ATTEMPT


# --- an answer to a pending wish ----------------------------------------------------------------


def after_applied(state: State, generation: int) -> Step:
    """Learn from a wish that nginx serves."""
    return _served(_answered(state, generation), state.pending[generation].attempt)


def after_failed(state: State, generation: int) -> Step:
    """Try again what could not be served for a reason outside of it, which teaches nothing."""
    return _withdrawn(state, generation), Do.RETRY


def after_refused(state: State, status: Status) -> Step:
    """Learn from a wish that `nginx -t` refuses.

    The next trial may follow a refused one at once, but not beside a fallback that is new,
    nor before what has changed meanwhile.
    """
    attempt = state.pending[status.generation].attempt
    state = _withdrawn(state, status.generation)
    learned = lessons.from_refused(state, attempt, status)
    if learned is None:
        return replace(state, quarantine=without_suspects(state.quarantine)), Do.RETRY
    no_new_fallback = learned.quarantine.held == state.quarantine.held
    trial_is_due = attempt.is_trial and no_new_fallback and _is_up_to_date(state)
    return replace(learned, trial_is_due=trial_is_due), Do.ATTEMPT


def after_checked(state: State, status: Status) -> Step:
    """Learn from the answer to what was only to be checked."""
    attempt, state = state.checking, replace(state, checking=None)
    if attempt is None:
        return state, Do.WAIT
    if status.stage not in ("accepted", "check"):
        return after_unchecked(state)
    learned = lessons.from_checked(state, attempt, status)
    return replace(learned, trial_is_due=_is_up_to_date(state)), Do.ATTEMPT


def after_unchecked(state: State) -> Step:
    """Put off a check that could not be made; whatever is new goes before it."""
    is_up_to_date = _is_up_to_date(state)
    quarantine = untried(state.quarantine)
    state = replace(state, checking=None, quarantine=quarantine, trial_is_due=is_up_to_date)
    return state, Do.RETRY if is_up_to_date else Do.ATTEMPT


def _is_up_to_date(state: State) -> bool:
    return state.serving is not None and state.serving.inputs.snapshot is state.snapshot


def _served(state: State, attempt: Attempt) -> Step:
    learned = lessons.from_applied(state, attempt)
    learned = _without_deleted_certificates(learned, attempt.inputs.snapshot, state.snapshot)
    is_newest = attempt.inputs.snapshot is state.snapshot
    searching = learned.quarantine.searching
    other_inputs = learned.admin.used != attempt.inputs.admin
    learned = replace(
        learned,
        serving=attempt,
        trial_is_due=not attempt.is_trial or is_newest,
        ready=state.ready or not (searching or other_inputs),
        has_been_whole=state.has_been_whole or attempt.inputs.surroundings.is_whole,
    )
    becomes_whole = not attempt.inputs.surroundings.is_whole and _is_whole(learned)
    retry_is_due = _is_retry_due(learned)
    more = attempt.is_trial or searching or other_inputs or becomes_whole or retry_is_due
    return learned, Do.ATTEMPT if more else Do.WAIT


def _answered(state: State, generation: int) -> State:
    """Close a wish, and those that it has overtaken."""
    return replace(state, pending={g: w for g, w in state.pending.items() if g > generation})


def _withdrawn(state: State, generation: int) -> State:
    """Close a wish that is not served; the same text is a new wish, unless a newer one waits."""
    state = _answered(state, generation)
    return state if state.pending else replace(state, newest=None)


def _without_deleted_certificates(state: State, before: Snapshot, now: Snapshot) -> State:
    certificates = lessons.without_deleted(state.last_good.certificates, before, now)
    return replace(state, last_good=replace(state.last_good, certificates=certificates))
