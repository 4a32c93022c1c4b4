"""An attempt to bring a snapshot into service: the bytes of a wish, and how they came about."""

import time
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from generator.directives import File
from generator.loop.admin_choice import AdminInputs
from generator.nginx.errors import RenderError
from generator.nginx.render import Memo as RenderMemo
from generator.nginx.render import Rendering, render
from generator.nginx.surroundings import Surroundings
from generator.objects import ConfigMap, Ingress, Metadata, Name
from generator.quarantine.holds import Quarantine, substitute
from generator.snapshot import Snapshot
from generator.translation import LastGood, Translation, TranslationSettings, translate
from generator.translation import Memo as TranslationMemo
from generator.translation.contribution import Contribution


class AttemptInputs(Struct, frozen=True, kw_only=True):
    """All that an attempt is made of."""

    snapshot: Snapshot
    """As it was read."""
    quarantine: Quarantine
    shed: frozenset[Name] = frozenset()
    """Ingresses that the volume has no room for."""
    last_good: LastGood
    settings: TranslationSettings
    surroundings: Surroundings
    admin: AdminInputs


class Attempt(Struct, frozen=True, kw_only=True):
    """The configuration that was made of a snapshot."""

    inputs: AttemptInputs
    substituted: Snapshot
    """The snapshot with what is served in the place of held Ingresses."""
    translation: Translation
    rendering: Rendering
    durations: Mapping[str, float]
    """Milliseconds of each stage."""

    def files(self) -> tuple[File, ...]:
        """Return every file that the configuration names."""
        return (*self.translation.model.files(), *self.rendering.programs)

    @property
    def is_trial(self) -> bool:
        """Whether nothing is new in it but the suspects on trial."""
        return bool(self.inputs.quarantine.trying)

    def changed_since(self, other: "Attempt | None") -> tuple[Ingress, ...]:
        """Return the Ingresses that contribute something else than they did in `other`.

        Endpoints do not count: no Ingress is at fault for them.
        """
        before = other.translation.contributions if other else {}
        return tuple(
            self.substituted.ingresses[name]
            for name, now in self.translation.contributions.items()
            if now is not (then := before.get(name))
            and (then is None or _asked(now) != _asked(then))
        )


class Failure(Struct, frozen=True, kw_only=True):
    """An attempt that could not be rendered."""

    inputs: AttemptInputs
    substituted: Snapshot
    translation: Translation
    error: RenderError


class AttemptMaker:
    """Makes attempts, each as cheap as its difference to the one before."""

    def __init__(self) -> None:
        self._translated = TranslationMemo()
        self._rendered = RenderMemo()

    def make(self, inputs: AttemptInputs) -> Attempt | Failure:
        """Translate and render."""
        began = time.perf_counter()
        snapshot = _with_options(inputs.snapshot, inputs.settings.config_map, inputs.admin)
        substitution = substitute(snapshot, inputs.quarantine)
        translation = translate(
            substitution.snapshot,
            inputs.settings,
            self._translated,
            substitution.unavailable,
            replace(inputs.last_good, refused_files=inputs.quarantine.files),
            keep=inputs.quarantine.searching,
            shed=inputs.shed,
        )
        translated = time.perf_counter()
        try:
            rendering = render(
                translation.model,
                inputs.surroundings,
                inputs.admin.templates,
                self._rendered,
                keep=inputs.quarantine.searching,
            )
        except RenderError as error:
            return Failure(
                inputs=inputs,
                substituted=substitution.snapshot,
                translation=translation,
                error=error,
            )
        return Attempt(
            inputs=inputs,
            substituted=substitution.snapshot,
            translation=translation,
            rendering=rendering,
            durations={
                "build": _ms(translated - began),
                "render": _ms(time.perf_counter() - translated),
            },
        )


def _asked(contribution: Contribution) -> tuple[object, ...]:
    return (contribution.parts, contribution.pieces)


def _with_options(snapshot: Snapshot, name: Name | None, admin: AdminInputs) -> Snapshot:
    """Put the options that are used in the place of those that nginx may be refusing."""
    current = snapshot.config_maps.get(name) if name else None
    if name is None or admin.options == (current.data if current else {}):
        return snapshot
    metadata = Metadata(namespace=name.namespace, name=name.name)
    used = ConfigMap(metadata=metadata, data=dict(admin.options))
    return replace(snapshot, config_maps={**snapshot.config_maps, name: used})


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
