"""How nginx chooses a location, told again: exact, the longest prefix, expressions in order.

Rules: documentation of ngx_http_core_module, `location`.
"""

import re
from collections.abc import Sequence

from generator.directives import Word
from generator.model import Location, Match


def chosen(locations: Sequence[Location], path: str) -> Location:
    """The location that answers a path, of a server that has one for `/`."""
    prefixes = []
    for each in locations:
        if each.internal or not isinstance(each.path, Word):
            continue
        if each.match is Match.EXACT and each.path.text == path:
            return each
        if each.match in (Match.PREFIX, Match.FIRM) and path.startswith(each.path.text):
            prefixes.append(each)
    longest = max(prefixes, key=lambda each: len(each.path.text))
    if longest.match is Match.FIRM:
        return longest
    for each in locations:
        if each.match is Match.REGEX and re.search(_plain(each), path, re.IGNORECASE):
            return each
    return longest


def _plain(location: Location) -> str:
    return re.sub(r"^(\(\*[A-Z_]+(=\d+)?\))+", "", location.path.pattern)
