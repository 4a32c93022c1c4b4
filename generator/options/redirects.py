"""From http to https: what holds where no Ingress says otherwise."""

from generator.options.declaration import Option, OptionGroup
from generator.values.scalars import boolean

SSL_REDIRECT = Option[bool](
    name="ssl-redirect",
    parse=boolean,
    default=True,
    doc="Where a host has TLS: answer http with 308 to https.",
)
FORCE_SSL_REDIRECT = Option[bool](
    name="force-ssl-redirect",
    parse=boolean,
    default=False,
    doc="Answer http with 308 to https even where a host has no TLS of its own.",
)

GROUP = OptionGroup(title="From http to https", options=(SSL_REDIRECT, FORCE_SSL_REDIRECT))
