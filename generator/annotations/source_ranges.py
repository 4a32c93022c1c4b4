"""Who may come in, by address."""

from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, OnError, Values
from generator.directives import Directive, Word
from generator.effects import Effect, InLocation, Phase
from generator.options import source_ranges
from generator.values.networks import networks

ALLOWLIST_SOURCE_RANGE = Annotation[tuple[str, ...]](
    name="allowlist-source-range",
    aliases=("whitelist-source-range",),
    parse=networks,
    default=source_ranges.WHITELIST_SOURCE_RANGE,
    on_error=OnError.DENY,
    doc="Networks that may send requests; all others are answered 403.",
)

DENYLIST_SOURCE_RANGE = Annotation[tuple[str, ...]](
    name="denylist-source-range",
    parse=networks,
    default=source_ranges.DENYLIST_SOURCE_RANGE,
    on_error=OnError.DENY,
    doc="Networks whose requests are answered 403, before any allowlist is asked.",
)


def _access(values: Values, _: Asker) -> Iterator[Effect]:
    allowed = values[ALLOWLIST_SOURCE_RANGE]
    rules = [("deny", network) for network in values[DENYLIST_SOURCE_RANGE]]
    rules += [("allow", network) for network in allowed]
    rules += [("deny", "all")] if allowed else []
    statements = tuple(Directive(name, (Word(network),)) for name, network in rules)
    yield InLocation(phase=Phase.ACCESS, statements=statements)


FEATURE = Feature(
    title="Who may come in, by address",
    annotations=(ALLOWLIST_SOURCE_RANGE, DENYLIST_SOURCE_RANGE),
    effects=_access,
)
