"""The types of annotations' values: text to value, or Invalid. And back, for messages."""

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import singledispatch
from typing import TypeVar

import pcre2

from generator.annotations.declaration import Invalid
from generator.model import Duration, Expression, Regex, Size
from generator.problems import shown

_LONGEST_EXPRESSION = 2000
"""Characters. nginx reads no token of 4,096 bytes or more, and quoting may double it."""
_MOST_NETWORKS = 2000
"""Each is a line for every path."""

_SIZE = re.compile(r"([0-9]{1,19})([bkmg]?)", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LARGEST_SIZE = (1 << 63) - 1
"""nginx counts no further, and refuses what is larger."""
_LONGEST_DURATION_S = 365 * 24 * 3600

E = TypeVar("E", bound=StrEnum)


def boolean(text: str) -> bool:
    """Read `true` or `false` in the spellings that Go's ParseBool takes."""
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    if text in {"0", "f", "F", "false", "FALSE", "False"}:
        return False
    raise Invalid("a boolean", 'Write "true" or "false".')


def size(text: str) -> Size:
    """Read a number of bytes, with b, k, m or g behind it or none."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise Invalid("a size", "Write a number with k, m or g, such as 8m.")
    bytes_ = int(found[1]) * _UNITS[found[2].lower()]
    if bytes_ > _LARGEST_SIZE:
        raise Invalid("a size that nginx can count: at most 8589934591g", "Write a smaller one.")
    return Size(bytes_)


def seconds(text: str) -> Duration:
    """Read a whole number of seconds, from 1 to a year."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= _LONGEST_DURATION_S:
        raise Invalid(
            "a number of seconds from 1 to 31536000",
            "Write whole seconds without a unit, such as 60.",
        )
    return Duration(int(text) * 1000)


def one_of(choices: type[E]) -> Callable[[str], E]:
    """Read one word of a closed list, in upper or lower case."""

    def parse(text: str) -> E:
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        listed = ", ".join(choices)
        raise Invalid(f"one of {listed}", f"Write one of {listed}.")

    return parse


def networks(text: str) -> tuple[str, ...]:
    """Read addresses and networks in CIDR notation, separated by commas."""
    items = [item for part in text.split(",") if (item := part.strip())]
    if not items:
        raise Invalid("a list of networks: it is empty", "Name at least one network.")
    if len(items) > _MOST_NETWORKS:
        raise Invalid(
            f"a list of at most {_MOST_NETWORKS} networks", f"Join some; it has {len(items)}."
        )
    return tuple(_network(item) for item in items)


def _network(text: str) -> str:
    # Neither zones (fe80::1%eth0) nor masks (10.0.0.0/255.0.0.0) are CIDR notation.
    if re.fullmatch(r"[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?", text):
        with suppress(ValueError):
            return str(ipaddress.ip_network(text, strict=False))
    raise Invalid(
        f"a list of networks: {shown(text)} is none",
        "Write addresses or networks separated by commas, such as 10.0.0.0/8,192.0.2.7.",
    )


_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w*)\}?|(?P<plain>[1-9]|\w*))", re.ASCII)
_VARIABLES = frozenset(
    {
        *("args", "content_length", "content_type", "document_uri", "host", "hostname"),
        *("http_host", "https", "is_args", "query_string", "remote_addr", "remote_port"),
        *("remote_user", "request_id", "request_method", "request_uri", "scheme"),
        *("server_addr", "server_name", "server_port", "server_protocol", "uri"),
    }
)
_VARIABLE_FAMILIES = re.compile(r"(?:arg|cookie|http)_[a-z0-9_]{1,60}", re.ASCII)
_CAPTURE = re.compile(r"\$[1-9]")
"""Never `${1}`: to nginx that is a variable of the name 1, which does not exist."""


def rewrite_target(text: str) -> Expression:
    """Read a path, or a URL path with captures (`$1`) and variables of the closed list."""
    if not text.startswith("/"):
        raise Invalid("a path", "Begin with a slash, such as /$2.")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise Invalid("a path without blanks or control characters", "Encode them, as in %20.")
    return expression(text)


def expression(text: str) -> Expression:
    """Read text with variables; only those of nginx's that exist everywhere are let in."""
    if len(text) > _LONGEST_EXPRESSION:
        raise Invalid(
            f"at most {_LONGEST_EXPRESSION} characters long", f"Shorten it; it has {len(text)}."
        )
    for found in _VARIABLE.finditer(text):
        name = found["braced"] if found["braced"] is not None else found["plain"]
        unclosed = found[0].startswith("${") and not found[0].endswith("}")
        known = name in _VARIABLES or _VARIABLE_FAMILIES.fullmatch(name)
        if unclosed or not (known or _CAPTURE.fullmatch(found[0])):
            raise Invalid(
                f"an expression that nginx knows: {shown(found[0])} is not a variable here",
                "Use captures such as $1, or variables such as $host, $request_uri or $http_name.",
            )
    return Expression(text)


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
    if len(text) > _LONGEST_REGEX:
        raise Invalid(
            f"at most {_LONGEST_REGEX} characters long", f"Shorten it; it has {len(text)}."
        )
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
        raise Invalid(f"a regular expression ({error})", "Mend the pattern.") from None
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


@singledispatch
def describe(value: object) -> str:
    """Return a value as a user would write it, for messages and reference tables."""
    return str(value) if value else "none"


@describe.register
def _(value: bool) -> str:  # noqa: FBT001 - the dispatched type
    return str(value).lower()


@describe.register
def _(value: Size) -> str:
    for unit in "gmk":
        if value.bytes and value.bytes % _UNITS[unit] == 0:
            return f"{value.bytes // _UNITS[unit]}{unit}"
    return str(value.bytes)


@describe.register
def _(value: Duration) -> str:
    return str(value.milliseconds // 1000)
