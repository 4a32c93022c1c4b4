"""From http to https."""

from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.directives import Block, Condition, Directive, Expression
from generator.effects import Effect, InLocation, Phase, When
from generator.options import redirects
from generator.values.scalars import boolean

SSL_REDIRECT = Annotation[bool](
    name="ssl-redirect",
    parse=boolean,
    default=redirects.SSL_REDIRECT,
    doc="Where the host has TLS: answer http with 308 to https.",
)

FORCE_SSL_REDIRECT = Annotation[bool](
    name="force-ssl-redirect",
    parse=boolean,
    default=redirects.FORCE_SSL_REDIRECT,
    doc="Answer http with 308 to https even where the host has no TLS of its own.",
)

TO_HTTPS = Block(
    "if",
    (Condition("$pillion_redirect"),),
    (Directive("return", (308, Expression("https://$host$request_uri"))),),
)


def _redirect(values: Values, _: Asker) -> Iterator[Effect]:
    if values[FORCE_SSL_REDIRECT]:
        yield InLocation(phase=Phase.REDIRECT, statements=(TO_HTTPS,))
    elif values[SSL_REDIRECT]:
        yield InLocation(phase=Phase.REDIRECT, statements=(TO_HTTPS,), when=When.TLS)


FEATURE = Feature(
    title="From http to https",
    annotations=(SSL_REDIRECT, FORCE_SSL_REDIRECT),
    effects=_redirect,
    always=True,
)
