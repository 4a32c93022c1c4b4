"""From http to https: what holds where no Ingress says otherwise."""

import re
from collections.abc import Iterator

from generator.directives import Key, Regex, mapping
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.lists import path_items
from generator.values.scalars import boolean

_MOST_LOCATIONS = 100
_LONGEST_LOCATION = 200


def _locations(text: str) -> tuple[str, ...]:
    """Read paths with commas."""
    paths = path_items(text, _is_location, "Write paths that begin with a slash, with commas.")
    if not paths or len(paths) > _MOST_LOCATIONS:
        raise Invalid("a list of paths", "Write paths with commas, such as /healthz,/status.")
    return tuple(dict.fromkeys(path.rstrip("/") for path in paths))


def _is_location(text: str) -> bool:
    return len(text) <= _LONGEST_LOCATION and bool(re.fullmatch(r"/[\x21-\x7e]*", text))


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
NO_TLS_REDIRECT_LOCATIONS = Option[tuple[str, ...]](
    name="no-tls-redirect-locations",
    parse=_locations,
    default=("/.well-known/acme-challenge",),
    doc="Paths, with all below them, that are never redirected to https; with commas.",
)


def _redirect(values: GlobalValues) -> Iterator[GlobalEffect]:
    """Say in a variable whether a request would have to be redirected."""
    exempt = (
        (Regex(f"^http{re.escape(path)}(/|$)"), 0) for path in values[NO_TLS_REDIRECT_LOCATIONS]
    )
    http, others = (Regex("^http/"), 1), (Key.DEFAULT, 0)
    variable = mapping("$pillion_scheme$uri", "$pillion_redirect", *exempt, http, others)
    yield InSection(section=Section.VARIABLES, statements=(variable,))


GROUP = OptionGroup(
    title="From http to https",
    options=(SSL_REDIRECT, FORCE_SSL_REDIRECT, NO_TLS_REDIRECT_LOCATIONS),
    effects=_redirect,
)
