"""From http to https."""

from generator.annotations.declaration import Annotation
from generator.annotations.values import boolean

SSL_REDIRECT = Annotation[bool](
    name="ssl-redirect",
    parse=boolean,
    default=True,
    doc="Where the host has TLS: answer http with 308 to https.",
)

FORCE_SSL_REDIRECT = Annotation[bool](
    name="force-ssl-redirect",
    parse=boolean,
    default=False,
    doc="Answer http with 308 to https even where the host has no TLS of its own.",
)
