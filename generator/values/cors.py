"""What browsers are told of other origins: origins, methods and headers."""

import re

from msgspec import Struct

from generator.directives import Regex, Text
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.lists import comma_items
from generator.values.scalars import boolean

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<star>\*\.)?(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)"
    r"(?P<port>:[0-9]{1,5})?"
)
_MOST = 200
_LONGEST = 1000
ANY_ORIGIN = "*"


class Origins(Struct, frozen=True):
    """Origins that a script may come from; `*` alone is any."""

    names: tuple[str, ...]
    """In lower case, as browsers send them; `https://*.example.com` is one label below."""

    def __str__(self) -> str:
        return ",".join(self.names) or "none"

    @property
    def any(self) -> bool:
        """Whether a script may come from anywhere."""
        return self.names == (ANY_ORIGIN,)

    @property
    def compared(self) -> tuple[Text | Regex, ...]:
        """Return what the header `Origin` is compared with, each as a key of a `map`."""
        return tuple(_compared(name) for name in self.names)


def _compared(name: str) -> Text | Regex:
    before, star, after = name.partition("*")
    if not star:
        return Text(name)
    return Regex(f"(?i)^{before}[a-z0-9-]+{after.replace('.', chr(92) + '.')}$")


def origins(text: str) -> Origins:
    """Read origins, with commas. Of a list with a wrong one the others are kept."""
    items = comma_items(text)
    good = tuple(dict.fromkeys(i.lower() for i in items if _is_origin(i)))[:_MOST]
    kept = Origins((ANY_ORIGIN,) if ANY_ORIGIN in good else good)
    wrong = next((item for item in items if not _is_origin(item)), None)
    if wrong is not None or len(items) > _MOST or not items:
        what = f": {shown(wrong)} is none" if wrong is not None else f" of at most {_MOST}"
        raise Invalid(
            f"a list of origins{what}",
            "Write scheme, host and port without a path, such as https://app.example.com, "
            "https://*.example.com or *.",
            kept,
        )
    return kept


def _is_origin(text: str) -> bool:
    return text in (ANY_ORIGIN, "null") or _ORIGIN.fullmatch(text) is not None


def credentials(text: str) -> bool:
    """Read a boolean; what is none allows nothing."""
    try:
        return boolean(text)
    except Invalid as invalid:
        raise Invalid(invalid.expected, invalid.hint, kept=False) from None


def methods(text: str) -> str:
    """Read methods with commas, kept as they are written."""
    if len(text) > _LONGEST or not re.fullmatch(r"[A-Za-z]+(?:, ?[A-Za-z]+)*", text):
        raise Invalid("a list of methods", "Write methods with commas, such as GET, POST.")
    return text


def allowed_headers(text: str) -> str:
    """Read names of headers with commas, kept as they are written."""
    return _headers(text, r"[A-Za-z0-9_-]+")


def exposed_headers(text: str) -> str:
    """Read names of headers with commas, or `*`, kept as they are written."""
    return _headers(text, r"[A-Za-z0-9_-]+|\*")


def _headers(text: str, name: str) -> str:
    if len(text) > _LONGEST or not re.fullmatch(rf"(?:{name})(?:, ?(?:{name}))*", text):
        raise Invalid("a list of headers", "Write names of headers with commas, such as X-One.")
    return text


def max_age(text: str) -> int:
    """Read seconds; -1 is none at all."""
    if not re.fullmatch(r"-1|[0-9]{1,9}", text):
        raise Invalid("a number of seconds", "Write whole seconds, or -1 to keep nothing.")
    return int(text)
