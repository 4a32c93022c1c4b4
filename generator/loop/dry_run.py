"""Learns what nginx refuses without anything being served: for `pillion lint`, and tests."""

from collections.abc import Callable

from msgspec.structs import replace

from generator.loop.attempt import Attempt, AttemptInputs, AttemptMaker
from generator.loop.experience import (
    Experience,
    after_applied,
    after_giving_up,
    after_refused,
    may_go_on,
)
from generator.loop.making import make
from generator.quarantine.bisection import next_trial
from generator.quarantine.holds import released
from reloader.contract import Status

Judge = Callable[[Attempt], Status | None]
"""Gives nginx's refusal of an attempt; None where it accepts it."""


def rehearse(
    experience: Experience, inputs: AttemptInputs, judge: Judge, maker: AttemptMaker
) -> tuple[Experience, Attempt]:
    """Try and learn until an attempt is accepted and nobody is left to try.

    `inputs` say what is to be served, and where; what was learned goes in at each try.
    Gives the last attempt, refused only where that is nobody's fault.
    """
    is_trial = False
    while True:
        experience, attempt = _make(experience, inputs, maker, is_trial=is_trial)
        was_trial = bool(attempt.inputs.quarantine.trying)
        status = judge(attempt)
        if status is None:
            experience = after_applied(experience, attempt)
            searching = experience.quarantine.searching
            is_trial = True
            if not (
                was_trial or searching or experience.templates.used != attempt.inputs.templates
            ):
                return experience, attempt
            continue
        learned = after_refused(experience, attempt, status)
        if learned is None:
            return after_giving_up(experience), attempt
        is_trial = was_trial and may_go_on(experience, learned)
        experience = learned


def _make(
    experience: Experience, inputs: AttemptInputs, maker: AttemptMaker, *, is_trial: bool
) -> tuple[Experience, Attempt]:
    quarantine, source = released(experience.quarantine, inputs.source), inputs.source
    if is_trial:
        quarantine = next_trial(quarantine)
    if quarantine.trying and experience.serving:
        source = experience.serving.inputs.source
    experience = replace(experience, quarantine=quarantine)
    return make(experience, replace(inputs, source=source), maker, None)
