"""A stand-in for the whole pair: an nginx that refuses by rule, and the loop without I/O.

`serve` makes attempts of a snapshot, has them judged, and learns, until one is served
and nothing is left to try; it remembers each attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from generator.loop.attempt import Attempt, AttemptMaker
from generator.loop.dry_run import GENERATION, rehearse
from generator.loop.state import State
from generator.loop.transitions import after_change, after_templates
from generator.nginx.template_files import built_in
from generator.objects import Name
from generator.snapshot import Snapshot
from reloader.contract import Status
from tests.drivers import models
from tests.drivers.ingresses import services
from tests.drivers.snapshots import options, published, snapshot

Judge = Callable[[str], Status | None]
"""Gives what nginx says of a text; None where it is content."""

BUILT_IN = built_in()
MANY = 500


def refusal(message: str = "no line", line: int = 0, generation: int = GENERATION) -> Status:
    return Status(
        generation=generation,
        hash="",
        applied=False,
        serving=0,
        stage="check",
        message=message,
        line=line,
    )


CONFIG_MAP = Name("pillion", "options")


def fresh(**learned: object) -> State:
    """A state in which nothing was read yet, but for what was learned before."""
    return replace(State.first(models.surroundings(), BUILT_IN, CONFIG_MAP), **learned)


def whole(*things) -> Snapshot:
    """These objects, and the Services that they name."""
    return snapshot(*things, *(each for name in services(things) for each in published(name)))


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
    state: State = field(default_factory=fresh)
    attempts: list[Attempt] = field(default_factory=list)
    refused: list[Attempt] = field(default_factory=list)
    _maker: AttemptMaker = field(default_factory=AttemptMaker)

    def serve(self, *things) -> "Loop":
        """These objects and the Services that they name, until nothing is left to try."""
        return self.serve_snapshot(whole(*things))

    def serve_snapshot(self, source: Snapshot) -> "Loop":
        self.state, _ = after_change(self.state, source)
        self.state, _ = rehearse(
            self.state, options(config_map=CONFIG_MAP), self._judged, self._maker
        )
        return self

    def _judged(self, attempt: Attempt) -> Status | None:
        assert len(self.attempts) < MANY, "It does not come to an end."
        self.attempts.append(attempt)
        status = self.judge(attempt.rendering.body(1).decode())
        if status:
            self.refused.append(attempt)
        return status

    def read_templates(self, templates) -> None:
        self.state, _ = after_templates(self.state, templates, ())

    @property
    def held(self) -> dict[str, str]:
        """Who is held, and how."""
        return {name.name: held.fallback.name for name, held in self.state.quarantine.held.items()}

    @property
    def served(self) -> str:
        """What nginx reads."""
        return self.state.serving.rendering.body(1).decode()
