"""Who may come in, by address."""

from generator.annotations.declaration import Annotation, OnError
from generator.annotations.values import networks

ALLOWLIST_SOURCE_RANGE = Annotation[tuple[str, ...]](
    name="allowlist-source-range",
    aliases=("whitelist-source-range",),
    parse=networks,
    default=(),
    on_error=OnError.DENY,
    doc="Networks that may send requests; all others are answered 403.",
)

DENYLIST_SOURCE_RANGE = Annotation[tuple[str, ...]](
    name="denylist-source-range",
    parse=networks,
    default=(),
    on_error=OnError.DENY,
    doc="Networks whose requests are answered 403, before any allowlist is asked.",
)
