"""What all annotations of an Ingress add to it, sorted by where it goes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from generator.annotations.catalog import FEATURES
from generator.annotations.declaration import (
    Asker,
    Feature,
    Values,
    adds_nothing_to_a_path,
)
from generator.directives import File, files, lines
from generator.effects import (
    Deny,
    InHttp,
    InLocation,
    InServer,
    InternalLocation,
    LeaveOut,
    Phase,
    UpstreamSettings,
)
from generator.model import Protocol
from generator.options.declaration import GlobalValues
from generator.problems import Problem, Problems

_PLAIN = Protocol.HTTP
_GUARDS = (Phase.ACCESS, Phase.AUTHENTICATION)


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
    of_paths: tuple[Feature, ...]
    """The features that look at single paths."""
    files: tuple[File, ...]

    @property
    def guard_access(self) -> bool:
        """Whether not everyone may have what the Ingress serves."""
        return self.denied or any(effect.phase in _GUARDS for effect in self.locations)

    @property
    def lines(self) -> int:
        """Return how many lines one location takes."""
        return sum(lines(effect.statements) for effect in self.locations)


_OWNERS = {annotation: feature for feature in FEATURES for annotation in feature.annotations}


def active_features(options: GlobalValues) -> tuple[Feature, ...]:
    """Return the features that add something to Ingresses without annotations."""
    return tuple(feature for feature in FEATURES if feature.is_active(options))


def feature_effects(values: Values, asker: Asker, active: tuple[Feature, ...]) -> FeatureEffects:
    """Gather the effects of the active features, and of those that the Ingress asks for."""
    wanted = {id(f) for f in (*active, *(_OWNERS[annotation] for annotation in values.given))}
    features = [feature for feature in FEATURES if id(feature) in wanted]
    found = [effect for feature in features for effect in feature.directives(values)]
    found += [effect for feature in features for effect in feature.effects(values, asker)]
    kinds: dict[type, list[Any]] = defaultdict(list)
    for effect in found:
        kinds[type(effect)].append(effect)
    return FeatureEffects(
        locations=tuple(kinds[InLocation]),
        servers=tuple(kinds[InServer]),
        pieces=tuple(kinds[InHttp]),
        internal=tuple(kinds[InternalLocation]),
        upstream=_joined(kinds[UpstreamSettings]),
        problems=tuple(kinds[Problem]) + tuple(e.problem for e in kinds[Deny] + kinds[LeaveOut]),
        denied=values.denied or bool(kinds[Deny]),
        left_out=bool(kinds[LeaveOut]),
        of_paths=tuple(f for f in features if f.path_effects is not adds_nothing_to_a_path),
        files=tuple(
            file
            for kind in (InLocation, InServer, InternalLocation)
            for effect in kinds[kind]
            for file in files(effect.statements)
        ),
    )


def _joined(settings: Sequence[UpstreamSettings]) -> UpstreamSettings:
    return UpstreamSettings(
        protocol=next((s.protocol for s in settings if s.protocol is not _PLAIN), _PLAIN),
        statements=tuple(statement for s in settings for statement in s.statements),
    )
