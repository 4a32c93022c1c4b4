"""Who answers requests and what holds for them, until the rest of the host is known."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from generator.directives import Directive, Statement
from generator.effects import InLocation, Phase
from generator.model import Handler


class Route(Struct, frozen=True):
    """A handler, and the effects that its locations get."""

    handler: Handler
    effects: tuple[InLocation, ...] = ()

    def without(self, phase: Phase) -> "Route":
        """Return the route without what holds in a phase."""
        return Route(self.handler, tuple(e for e in self.effects if e.phase is not phase))

    def settled(self, *, tls: bool) -> Handler:
        """Return the handler with all that holds on a host with or without TLS, in order."""
        holding = [e for e in self.effects if e.when.holds(tls=tls)]
        if not holding:
            return self.handler
        return replace(self.handler, statements=tuple(_in_order(holding)))


def _in_order(effects: Iterable[InLocation]) -> Iterator[Statement]:
    """Return statements by their phases; settings, whose order means nothing, by their names."""
    by_phase = sorted(effects, key=lambda effect: effect.phase)
    settings = [s for e in by_phase if e.phase is Phase.SETTINGS for s in e.statements]
    settings.sort(key=lambda s: s.name if isinstance(s, Directive) else "")
    for effect in by_phase:
        if effect.phase < Phase.SETTINGS:
            yield from effect.statements
    yield from settings
    for effect in by_phase:
        if effect.phase > Phase.SETTINGS:
            yield from effect.statements
