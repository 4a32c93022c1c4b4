"""Paths that authentication leaves out."""

import re

from generator.options.declaration import Option, OptionGroup
from generator.values.lists import path_items


def _paths(text: str) -> tuple[str, ...]:
    hint = "Write paths with commas, such as /.well-known/acme-challenge."
    return tuple(item.rstrip("/") for item in path_items(text, _is_path, hint))


def _is_path(text: str) -> bool:
    return bool(re.fullmatch(r"/[\x21-\x7e]{1,500}", text) and text.strip("/"))


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
