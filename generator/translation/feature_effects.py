"""What all annotations of an Ingress add to it, sorted by where it goes."""

from msgspec import Struct

from generator.annotations.catalog import FEATURES
from generator.annotations.declaration import Asker, Values
from generator.directives import Regex, lines
from generator.effects import (
    Deny,
    Effect,
    InHttp,
    InLocation,
    InServer,
    InternalLocation,
    LeaveOut,
    UpstreamSettings,
)
from generator.model import Protocol
from generator.problems import Problem, Problems

_PLAIN = Protocol.HTTP


class FeatureEffects(Struct, frozen=True, kw_only=True):
    """All effects of one Ingress."""

    locations: tuple[InLocation, ...]
    servers: tuple[InServer, ...]
    pieces: tuple[InHttp, ...]
    internal: tuple[InternalLocation, ...]
    upstream: UpstreamSettings
    """All of them as one."""
    problems: Problems
    denied: bool
    left_out: bool

    @property
    def lines(self) -> int:
        """Return how many lines one location takes."""
        return sum(lines(effect.statements) for effect in self.locations)


def feature_effects(values: Values, asker: Asker) -> FeatureEffects:
    """Gather the effects of every feature."""
    found = [effect for feature in FEATURES for effect in feature.all_effects(values, asker)]
    upstream = [effect for effect in found if isinstance(effect, UpstreamSettings)]
    return FeatureEffects(
        locations=tuple(e for e in found if isinstance(e, InLocation)),
        servers=tuple(e for e in found if isinstance(e, InServer)),
        pieces=tuple(e for e in found if isinstance(e, InHttp)),
        internal=tuple(e for e in found if isinstance(e, InternalLocation)),
        upstream=UpstreamSettings(
            protocol=next((e.protocol for e in upstream if e.protocol is not _PLAIN), _PLAIN),
            statements=tuple(s for e in upstream for s in e.statements),
        ),
        problems=tuple(p for effect in found if (p := _problem(effect))),
        denied=values.denied or any(isinstance(effect, Deny) for effect in found),
        left_out=any(isinstance(effect, LeaveOut) for effect in found),
    )


def path_effects(values: Values, path: str, pattern: Regex) -> tuple[InLocation, ...]:
    """Gather what every feature adds to one path."""
    return tuple(e for feature in FEATURES for e in feature.path_effects(values, path, pattern))


def is_expression(values: Values, path: str) -> bool:
    """Whether a feature has this path be a regular expression."""
    return any(feature.is_expression(values, path) for feature in FEATURES)


def _problem(effect: Effect) -> Problem | None:
    if isinstance(effect, LeaveOut | Deny):
        return effect.problem
    return effect if isinstance(effect, Problem) else None
