"""One try to bring a snapshot into service: the bytes of a wish, and how they came about."""

import time
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from generator.nginx.errors import RenderError
from generator.nginx.jinja import TemplateSet
from generator.nginx.render import Memo as RenderMemo
from generator.nginx.render import Rendering, render
from generator.nginx.surroundings import Surroundings
from generator.objects import Ingress
from generator.quarantine.holds import Quarantine, substitute
from generator.snapshot import Snapshot
from generator.translation import LastGood, Translation, TranslationSettings, translate
from generator.translation import Memo as TranslationMemo


class AttemptInputs(Struct, frozen=True, kw_only=True):
    """All that an attempt is made of."""

    source: Snapshot
    """As it was read."""
    quarantine: Quarantine
    known: LastGood
    options: TranslationSettings
    surroundings: Surroundings
    templates: TemplateSet


class Attempt(Struct, frozen=True, kw_only=True):
    """What was made of a snapshot."""

    inputs: AttemptInputs
    snapshot: Snapshot
    """With what is served in the place of held Ingresses."""
    translation: Translation
    rendering: Rendering
    durations: Mapping[str, float]
    """Milliseconds of each stage."""

    def changed_since(self, other: "Attempt | None") -> tuple[Ingress, ...]:
        """Return the Ingresses that add something else than they did in `other`.

        Endpoints do not count: they are no Ingress's work.
        """
        before = other.translation.contributions if other else {}
        return tuple(
            self.snapshot.ingresses[name]
            for name, now in self.translation.contributions.items()
            if now is not (then := before.get(name)) and (then is None or now.parts != then.parts)
        )


class Failure(Struct, frozen=True, kw_only=True):
    """An attempt that could not be written down."""

    inputs: AttemptInputs
    snapshot: Snapshot
    translation: Translation
    error: RenderError


class AttemptMaker:
    """Makes attempts, each as cheap as its difference to the one before."""

    def __init__(self) -> None:
        self._build = TranslationMemo()
        self._render = RenderMemo()

    def make(self, inputs: AttemptInputs) -> Attempt | Failure:
        """Translate and render."""
        began = time.perf_counter()
        substituted = substitute(inputs.source, inputs.quarantine)
        built = translate(
            substituted.snapshot,
            inputs.options,
            self._build,
            substituted.unavailable,
            replace(inputs.known, refused_files=inputs.quarantine.files),
        )
        built_at = time.perf_counter()
        try:
            rendering = render(built.model, inputs.surroundings, inputs.templates, self._render)
        except RenderError as error:
            return Failure(
                inputs=inputs, snapshot=substituted.snapshot, translation=built, error=error
            )
        return Attempt(
            inputs=inputs,
            snapshot=substituted.snapshot,
            translation=built,
            rendering=rendering,
            durations={
                "build": _ms(built_at - began),
                "render": _ms(time.perf_counter() - built_at),
            },
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
