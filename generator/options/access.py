"""Paths that authentication leaves out."""

import re

from generator.options.declaration import Option, OptionGroup
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.lists import comma_items


def _paths(text: str) -> tuple[str, ...]:
    items = comma_items(text)
    for item in items:
        if not re.fullmatch(r"/[\x21-\x7e]{1,500}", item) or item.strip("/") == "":
            raise Invalid(
                f"a list of paths: {shown(item)} is none",
                "Write paths with commas, such as /.well-known/acme-challenge.",
            )
    return tuple(item.rstrip("/") for item in items)


def is_open(path: str, open_paths: tuple[str, ...]) -> bool:
    """Whether a path is one of these or below one of them."""
    return any(path == each or path.startswith(f"{each}/") for each in open_paths)


NO_AUTH_LOCATIONS = Option[tuple[str, ...]](
    name="no-auth-locations",
    parse=_paths,
    default=("/.well-known/acme-challenge",),
    doc="Paths that need no password and no service's word, where an Ingress names them or "
    "something below them; with commas.",
)

GROUP = OptionGroup(title="Authentication", options=(NO_AUTH_LOCATIONS,))
