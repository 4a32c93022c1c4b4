"""Lists: of words, of statuses, of names of headers."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import TypeVar

from generator.directives import Word
from generator.problems import shown
from generator.values.invalid import Invalid

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
_MOST = 100


class TLSProtocol(StrEnum):
    """Versions of TLS that today's OpenSSL speaks."""

    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,80}")


def comma_items(text: str) -> list[str]:
    """Return what stands between commas, without blanks and without what is empty."""
    return [item for part in text.split(",") if (item := part.strip())]


def path_items(text: str, is_path: Callable[[str], bool], hint: str) -> list[str]:
    """Return paths that stand between commas; raises Invalid for the first that is none."""
    items = comma_items(text)
    if wrong := next((item for item in items if not is_path(item)), ""):
        raise Invalid(f"a list of paths: {shown(wrong)} is none", hint)
    return items


def each_of(parse: Callable[[str], tuple[T, ...]]) -> Callable[[str], tuple[T, ...]]:
    """Read a list with commas of which wrong items cost themselves: `kept` has the others.

    For lists that guard access, where to go without the list would be worse.
    """

    def parse_each(text: str) -> tuple[T, ...]:
        try:
            return parse(text)
        except Invalid as invalid:
            rest = tuple(_usable(comma_items(text), parse))
            raise Invalid(invalid.expected, invalid.hint, kept=rest) from None

    return parse_each


def _usable(items: Iterable[str], parse: Callable[[str], tuple[T, ...]]) -> Iterator[T]:
    for item in items:
        with suppress(Invalid):
            yield from parse(item)


def words_of(choices: type[E]) -> Callable[[str], tuple[Word, ...]]:
    """Read words of a closed list, with blanks or commas between them."""

    def parse(text: str) -> tuple[Word, ...]:
        words = text.replace(",", " ").split()
        wrong = [word for word in words if word not in set(choices)]
        if wrong or not words:
            listed = ", ".join(choices)
            raise Invalid(f"a list of {listed}", f"Write one or more of {listed}, with blanks.")
        return tuple(Word(word) for word in dict.fromkeys(words))

    return parse


def status_codes(text: str) -> tuple[int, ...]:
    """Read HTTP statuses that nginx can replace, with commas."""
    items = comma_items(text)
    if not items or len(items) > _MOST:
        raise Invalid("a list of statuses", "Write statuses with commas, such as 404,503.")
    for item in items:
        if not re.fullmatch(r"[345][0-9]{2}", item) or item == "499":
            raise Invalid(
                f"a list of statuses from 300 to 599: {shown(item)} cannot be replaced",
                "Write statuses with commas, such as 404,503.",
            )
    return tuple(dict.fromkeys(int(item) for item in items))


def header_names(text: str) -> tuple[str, ...]:
    """Read names of headers, with commas."""
    items = comma_items(text)
    if not items or len(items) > _MOST:
        raise Invalid("a list of headers", "Write names of headers with commas.")
    for item in items:
        if not HEADER_NAME.fullmatch(item):
            raise Invalid(
                f"a list of headers: {shown(item)} is not the name of one",
                "Write letters, digits and dashes, such as X-Auth-Request-User.",
            )
    return tuple({item.lower(): item for item in items}.values())
