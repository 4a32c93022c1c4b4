"""One try to bring a snapshot into service: the bytes of a wish, and how they came about."""

import time
from collections.abc import Mapping

from msgspec import Struct

from generator.build import Build, Options, build
from generator.build import Memo as BuildMemo
from generator.nginx.environment import Environment
from generator.nginx.render import Memo as RenderMemo
from generator.nginx.render import Rendering, render
from generator.nginx.templates import TemplateSet
from generator.objects import Ingress
from generator.quarantine import Quarantine, substitute
from generator.snapshot import Snapshot


class Attempt(Struct, frozen=True, kw_only=True):
    """What was made of a snapshot."""

    snapshot: Snapshot
    """With what is served in the place of held Ingresses."""
    build: Build
    rendering: Rendering
    environment: Environment
    templates: TemplateSet
    durations: Mapping[str, float]
    """Milliseconds of each stage."""

    def changed_since(self, other: "Attempt | None") -> tuple[Ingress, ...]:
        """Give the Ingresses that add something else than they did in `other`.

        Endpoints do not count: they are no Ingress's work.
        """
        before = other.build.contributions if other else {}
        return tuple(
            self.snapshot.ingresses[name]
            for name, now in self.build.contributions.items()
            if now is not (then := before.get(name)) and (then is None or now.parts != then.parts)
        )

    def with_file(self, digest: str) -> tuple[Ingress, ...]:
        """Give the Ingresses whose certificate is this file."""
        return tuple(
            self.snapshot.ingresses[name]
            for name, contribution in self.build.contributions.items()
            for part in contribution.parts
            if part.certificate and part.certificate.file.digest == digest
        )


class Maker:
    """Makes attempts, each as cheap as its difference to the one before."""

    def __init__(self) -> None:
        self._build = BuildMemo()
        self._render = RenderMemo()

    def make(
        self,
        snapshot: Snapshot,
        quarantine: Quarantine,
        options: Options,
        environment: Environment,
        templates: TemplateSet,
    ) -> Attempt:
        """Build and render. Raises RenderError."""
        began = time.perf_counter()
        substituted = substitute(snapshot, quarantine)
        built = build(substituted.snapshot, options, self._build, substituted.unavailable)
        built_at = time.perf_counter()
        rendering = render(built.model, environment, templates, self._render)
        return Attempt(
            snapshot=substituted.snapshot,
            build=built,
            rendering=rendering,
            environment=environment,
            templates=templates,
            durations={
                "build": _ms(built_at - began),
                "render": _ms(time.perf_counter() - built_at),
            },
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
