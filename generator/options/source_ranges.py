"""Who may come in by address, where an Ingress does not say otherwise.

A wrong network costs itself; a whitelist of which nothing is left lets nobody in.
"""

from generator.options.declaration import Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.lists import each_of
from generator.values.networks import networks

_NOBODY = ("255.255.255.255/32",)


def _allowed(text: str) -> tuple[str, ...]:
    """Read networks; where none is valid, that of nobody."""
    try:
        return each_of(networks)(text)
    except Invalid as invalid:
        raise Invalid(invalid.expected, invalid.hint, kept=invalid.kept or _NOBODY) from None


WHITELIST_SOURCE_RANGE = Option[tuple[str, ...]](
    name="whitelist-source-range",
    aliases=("allowlist-source-range",),
    parse=_allowed,
    default=(),
    doc="Networks that may send requests to Ingresses without an allowlist of their own; with "
    "commas. none: all.",
)
DENYLIST_SOURCE_RANGE = Option[tuple[str, ...]](
    name="denylist-source-range",
    parse=each_of(networks),
    default=(),
    doc="Networks whose requests are answered 403 by Ingresses without a denylist of their own; "
    "with commas.",
)

GROUP = OptionGroup(
    title="Who may come in, by address",
    options=(WHITELIST_SOURCE_RANGE, DENYLIST_SOURCE_RANGE),
)
