"""Variables of nginx's in a text that a person wrote."""

import re
from collections.abc import Callable

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w*)\}?|(?P<plain>[1-9]|\w*))", re.ASCII)
_CAPTURES = frozenset("123456789")


def unknown_variable(text: str, is_known: Callable[[str], bool], *, captures: bool = False) -> str:
    """Return the first variable, as written, that is not known; empty where all are.

    A brace without its end is never known. `captures`: whether `$1` to `$9` are; to nginx
    `${1}` is a variable of the name 1, which does not exist.
    """
    for found in _VARIABLE.finditer(text):
        braced, plain = found["braced"], found["plain"]
        if captures and plain in _CAPTURES:
            continue
        unclosed = braced is not None and not found[0].endswith("}")
        if unclosed or not is_known(braced if braced is not None else plain):
            return found[0]
    return ""
