"""Booleans, numbers, sizes, times, and words of a closed list."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from generator.directives import Duration, Size
from generator.values.describe import described
from generator.values.invalid import Invalid

_SIZE = re.compile(r"([0-9]{1,19})([bkmg]?)", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LARGEST_SIZE = (1 << 63) - 1
"""nginx counts no further, and refuses what is larger."""
_LONGEST_DURATION_S = 365 * 24 * 3600
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}

E = TypeVar("E", bound=StrEnum)


def boolean(text: str) -> bool:
    """Read `true` or `false` in the spellings that Go's ParseBool takes."""
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    if text in {"0", "f", "F", "false", "FALSE", "False"}:
        return False
    raise Invalid("a boolean", 'Write "true" or "false".')


def switch(text: str) -> bool:
    """Read `on` or `off`, or a boolean, as ingress-nginx takes both for some settings."""
    if text.lower() in {"on", "off"}:
        return text.lower() == "on"
    try:
        return boolean(text)
    except Invalid:
        raise Invalid("a switch", 'Write "on" or "off".') from None


def size(text: str) -> Size:
    """Read a number of bytes, with b, k, m or g behind it or none."""
    found = _SIZE.fullmatch(text)
    if not found:
        meant = re.fullmatch(r"([0-9]{1,12}) *([kmg])i?b?", text, re.IGNORECASE)
        such = f"{meant[1]}{meant[2].lower()}" if meant else "8m"
        raise Invalid("a size", f"Write a number with k, m or g, such as {such}.")
    bytes_ = int(found[1]) * _UNITS[found[2].lower()]
    if bytes_ > _LARGEST_SIZE:
        raise Invalid("a size that nginx can count: at most 8589934591g", "Write a smaller one.")
    return Size(bytes_)


def size_between(least: Size, most: Size) -> Callable[[str], Size]:
    """Read a size within these bounds, both included."""

    def parse(text: str) -> Size:
        found = size(text)
        if not least <= found <= most:
            raise Invalid(
                f"a size from {described(least)} to {described(most)}", "Write one in between."
            )
        return found

    return parse


def number_between(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number within these bounds, both included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
            raise Invalid(
                f"a number from {least} to {most}", "Write a whole number without a unit."
            )
        return int(text)

    return parse


def seconds(text: str) -> Duration:
    """Read a whole number of seconds, from 1 to a year."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= _LONGEST_DURATION_S:
        unit = re.fullmatch(r"([0-9]{1,9}) *(s|sec|seconds?|m|min|minutes?|h|hours?)", text)
        meant = int(unit[1]) * _UNITS_S[unit[2][0]] if unit else 60
        raise Invalid(
            "a number of seconds from 1 to 31536000",
            f"Write whole seconds without a unit, such as {meant}.",
        )
    return Duration(int(text) * 1000)


def seconds_or_none(text: str) -> Duration:
    """Read a whole number of seconds, from 0 to a year."""
    if text == "0":
        return Duration(0)
    try:
        return seconds(text)
    except Invalid as invalid:
        raise Invalid("a number of seconds from 0 to 31536000", invalid.hint) from None


def duration(text: str) -> Duration:
    """Read a time such as `240s`, `4m` or `1h`, up to a year; without a unit, seconds."""
    found = re.fullmatch(r"([0-9]{1,9})([smh]?)", text)
    whole_s = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 1 <= whole_s <= _LONGEST_DURATION_S:
        raise Invalid("a time from 1s to a year", "Write a number with s, m or h, such as 240s.")
    return Duration(whole_s * 1000)


def buffers(text: str) -> tuple[int, Size]:
    """Read a number of buffers and their size, such as `4 8k`."""
    number, _, rest = text.partition(" ")
    try:
        return number_between(1, 1000)(number), size_between(Size(512), Size(1 << 24))(rest.strip())
    except Invalid:
        raise Invalid("a number and a size of buffers", "Write both, such as 4 8k.") from None


def one_of(choices: type[E]) -> Callable[[str], E]:
    """Read one word of a closed list, in upper or lower case."""

    def parse(text: str) -> E:
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        listed = ", ".join(choices)
        raise Invalid(f"one of {listed}", f"Write one of {listed}.")

    return parse
