"""Runs the loop without a volume or a reloader: for `pillion lint`, and tests."""

from collections.abc import Callable

from generator.loop.attempt import Attempt, AttemptMaker
from generator.loop.state import PendingWish, State
from generator.loop.transitions import (
    Do,
    Step,
    after_applied,
    after_attempt,
    after_check_published,
    after_checked,
    after_published,
    after_refused,
    next_attempt,
)
from generator.translation import TranslationSettings
from reloader.contract import Status

Judge = Callable[[Attempt], Status | None]
"""Returns nginx's refusal of an attempt, as of GENERATION; None where it accepts it."""

GENERATION = 1
"""Of each wish, since none waits beside another."""

_ACCEPTED = Status(generation=GENERATION, hash="", applied=False, serving=0, stage="accepted")


def rehearse(
    state: State, settings: TranslationSettings, judge: Judge, maker: AttemptMaker
) -> tuple[State, Attempt]:
    """Attempt and learn until nothing is left to try.

    Returns the last attempt too, which is refused only where nothing in it is at fault.
    Raises RenderError as `next_attempt` does.
    """
    while True:
        state, attempt = next_attempt(state, settings, maker)
        state, do = after_attempt(state, attempt)
        if do is Do.CHECK:
            state, do = _check(state, attempt, judge)
        elif do is Do.PUBLISH:
            state, do = _ask(state, attempt, judge)
        if do is not Do.ATTEMPT:
            return state, attempt


def _ask(state: State, attempt: Attempt, judge: Judge) -> Step:
    state, _ = after_published(state, GENERATION, PendingWish(attempt=attempt))
    refusal = judge(attempt)
    return after_refused(state, refusal) if refusal else after_applied(state, GENERATION)


def _check(state: State, attempt: Attempt, judge: Judge) -> Step:
    state, _ = after_check_published(state, attempt)
    return after_checked(state, judge(attempt) or _ACCEPTED)
