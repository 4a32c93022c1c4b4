"""Regular expressions that every nginx compiles."""

import re

import pcre2

from generator.directives import Regex
from generator.problems import shown
from generator.values.invalid import Invalid, check_length

_ESCAPE = r"\\(?:[^A-Za-z0-9]|[dDwWsSbBAzZhHvVRntrfae]|[0-9]{1,2}|x[0-9A-Fa-f]{2})"
_CLASS = rf"\[\^?\]?(?:\[:\^?[a-z]+:\]|{_ESCAPE}|[^\]\\])*\]"
_FIXED = rf"(?:{_ESCAPE}|[^()\[\]*+?{{}}\\])*"
_GROUP = rf"\((?![?*])|\(\?(?:[:=!>|]|[ims]*(?:-[ims]+)?[:)]|<[=!]{_FIXED}\))"
_PART_OF_REGEX = re.compile(rf"{_ESCAPE}|{_CLASS}|{_GROUP}|[^\\(\[]")
"""What PCRE 8, PCRE2 10.30 and later ones agree on, and what sets no variable of nginx's:
nginx is built with any of them. No named groups, callouts, verbs, recursion, conditions,
and no lookbehind without a fixed length.
"""
_LONGEST_REGEX = 1000
_LARGEST_REGEX = 20_000
"""Characters with repeated groups written out: nginx keeps about three bytes for each."""
_REPEATED_GROUP = re.compile(r"(?<=[)}?*+])\{([0-9]+)(?:,([0-9]*))?\}")


def regex(text: str) -> Regex:
    """Read a regular expression that nginx's PCRE2 compiles and that sets no variable."""
    check_length(text, _LONGEST_REGEX)
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        raise Invalid(
            "a regular expression as taken here: it has a blank, a control character or one "
            "beyond ASCII",
            r"Write \s, or \x and two digits, instead.",
        )
    if strange := _strange_part(text):
        raise Invalid(
            f"a regular expression that every nginx reads: {shown(strange)} is not taken",
            "Leave it out.",
        )
    if _written_out(text) > _LARGEST_REGEX:
        raise Invalid(
            f"a regular expression of at most {_LARGEST_REGEX} characters with its repeated "
            "groups written out",
            "Repeat less, or repeat a class such as [a-z]{1,99} instead of a group.",
        )
    try:
        pcre2.compile(text.encode(), pcre2.IGNORECASE, jit=False)
    except pcre2.PatternError as error:
        raise Invalid(f"a regular expression ({error})", "Correct the pattern.") from None
    return Regex(text)


def _written_out(text: str) -> int:
    """Return an upper bound: PCRE copies a group as often as it may be repeated."""
    length = len(text)
    for least, most in _REPEATED_GROUP.findall(text):
        length *= max(int(most or least), 1)
    return length


def _strange_part(text: str) -> str:
    """Return the beginning of the first part that is not of the common kind, if there is one."""
    position = 0
    while position < len(text):
        part = _PART_OF_REGEX.match(text, position)
        if part is None:
            return text[position : position + 3]
        position = part.end()
    return ""
