"""A stand-in for the whole pair: an nginx that refuses by rule, and the loop without I/O.

`serve` makes attempts of a snapshot, has them judged, and learns, until one is served
and nothing is left to try; it remembers each attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from generator.attempt import Attempt, Inputs, Maker
from generator.experience import (
    Experience,
    after_applied,
    after_failure,
    after_giving_up,
    after_refused,
    may_go_on,
)
from generator.nginx.overlay import built_in
from generator.quarantine import released
from generator.search import next_trial
from generator.snapshot import Snapshot
from generator.template_choice import TemplateChoice, newest
from reloader.contract import Status
from tests import models
from tests.ingresses import services
from tests.snapshots import options, published, snapshot

Judge = Callable[[str], Status | None]
"""Gives what nginx says of a text; None where it is content."""

BUILT_IN = built_in()


def refusal(message: str = "no line", line: int = 0) -> Status:
    return Status(
        generation=1, hash="", applied=False, serving=0, stage="check", message=message, line=line
    )


def by_line(*poisons: str) -> Judge:
    """Refuses the first line that has one of these, and names it."""

    def judge(text):
        for number, line in enumerate(text.splitlines(), 1):
            if any(poison in line for poison in poisons):
                return refusal("poison", number + 1)
        return None

    return judge


def silently(*poisons: str) -> Judge:
    """Refuses a text that has one of these, and names nothing."""
    return lambda text: refusal() if any(poison in text for poison in poisons) else None


def both(*judges: Judge) -> Judge:
    return lambda text: next((found for judge in judges if (found := judge(text))), None)


@dataclass
class Loop:
    """Drives; `judge` may be changed at any time."""

    judge: Judge
    experience: Experience = field(
        default_factory=lambda: Experience(templates=TemplateChoice(wanted=BUILT_IN, good=BUILT_IN))
    )
    attempts: list[Attempt] = field(default_factory=list)
    refused: list[Attempt] = field(default_factory=list)
    unexplained: int = 0
    _maker: Maker = field(default_factory=Maker)

    def serve(self, *things) -> "Loop":
        """These objects and the Services that they name, until nothing is left to try."""
        whole = [*things, *(each for name in services(things) for each in published(name))]
        return self.serve_snapshot(snapshot(*whole))

    def serve_snapshot(self, source: Snapshot) -> "Loop":
        is_trial = False
        for _ in range(200):
            attempt = self._make(source, is_trial=is_trial)
            self.attempts.append(attempt)
            status = self.judge(attempt.rendering.body(1).decode())
            was_trial = bool(attempt.inputs.quarantine.trying)
            if status is None:
                self.experience = after_applied(self.experience, attempt)
                is_trial = True
                if not (was_trial or self._is_unfinished(attempt)):
                    return self
                continue
            self.refused.append(attempt)
            learned = after_refused(self.experience, attempt, status)
            if learned is None:
                self.unexplained += 1
                self.experience = after_giving_up(self.experience)
                return self
            is_trial = was_trial and may_go_on(self.experience, learned)
            self.experience = learned
        raise AssertionError("It does not come to an end.")

    def read_templates(self, templates) -> None:
        choice = newest(self.experience.templates, templates)
        self.experience = replace(self.experience, templates=choice)

    @property
    def held(self) -> dict[str, str]:
        """Who is held, and how."""
        return {
            name.name: held.measure.name for name, held in self.experience.quarantine.held.items()
        }

    @property
    def served(self) -> str:
        """What nginx reads."""
        return self.experience.serving.rendering.body(1).decode()

    def _is_unfinished(self, attempt) -> bool:
        experience = self.experience
        return (
            experience.quarantine.searching or experience.templates.used != attempt.inputs.templates
        )

    def _make(self, source, *, is_trial) -> Attempt:
        experience = self.experience
        quarantine = released(experience.quarantine, source)
        if is_trial:
            quarantine = next_trial(quarantine)
        self.experience = replace(experience, quarantine=quarantine)
        if quarantine.trying:
            source = experience.serving.inputs.source
        while True:
            made = self._maker.make(
                Inputs(
                    source=source,
                    quarantine=self.experience.quarantine,
                    known=self.experience.known,
                    options=options(),
                    environment=models.environment(),
                    templates=self.experience.templates.used,
                )
            )
            if isinstance(made, Attempt):
                return made
            learned = after_failure(self.experience, made)
            assert learned != self.experience, made.error
            self.experience = learned
