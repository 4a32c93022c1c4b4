"""From what is to be served to an attempt, with whoever cannot be written down held. Pure."""

from msgspec.structs import replace

from generator.loop.attempt import Attempt, AttemptInputs, AttemptMaker
from generator.loop.experience import Experience, after_failure, without_deleted
from generator.snapshot import Snapshot
from generator.translation import LastGood


def make(
    experience: Experience, inputs: AttemptInputs, maker: AttemptMaker, last: Attempt | None
) -> tuple[Experience, Attempt]:
    """Make an attempt by what was learned, and learn until it can be written.

    `inputs` say what is to be served, and where. `last` is a wish that nginx may be taking
    just now. Raises RenderError where no one can be held for what goes wrong.
    """
    while True:
        made = maker.make(
            replace(
                inputs,
                quarantine=experience.quarantine,
                known=_known(experience.known, last, inputs.source),
                templates=experience.templates.used,
            )
        )
        if isinstance(made, Attempt):
            return experience, made
        learned = after_failure(experience, made)
        if (learned.quarantine, learned.templates) == (experience.quarantine, experience.templates):
            raise made.error
        experience = learned


def _known(known: LastGood, last: Attempt | None, now: Snapshot) -> LastGood:
    if last is None:
        return known
    newest = {**known.certificates, **last.translation.certificates}
    return replace(known, certificates=without_deleted(newest, last.inputs.source, now))
