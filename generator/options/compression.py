"""Compression of answers to clients."""

import re
from collections.abc import Iterator

from generator.directives import Directive, Size, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.scalars import boolean, number_between, size

_MOST_TYPES = 100
_TYPE = re.compile(r"[a-z0-9.+*-]{1,60}/[a-z0-9.+*-]{1,60}", re.IGNORECASE)


def _types(text: str) -> tuple[Word, ...]:
    """Read MIME types with blanks or commas; `*` is every type."""
    names = text.replace(",", " ").split()
    for name in names:
        if name != "*" and not _TYPE.fullmatch(name):
            raise Invalid(
                f"a list of MIME types: {shown(name)} is none",
                "Write types with blanks, such as text/css application/json.",
            )
    if not names or len(names) > _MOST_TYPES:
        raise Invalid("a list of MIME types", "Write types with blanks, such as text/css.")
    # nginx always has text/html, and warns of types that are named twice.
    return tuple(Word(n) for n in dict.fromkeys(n.lower() for n in names) if n != "text/html")


USE_GZIP = Option[bool](
    name="use-gzip",
    parse=boolean,
    default=False,
    doc="Compress answers for clients that take gzip.",
)
GZIP_LEVEL = Option[int](
    name="gzip-level",
    parse=number_between(1, 9),
    default=1,
    doc="How much time goes into it: 1 to 9.",
)
GZIP_MIN_LENGTH = Option[Size](
    name="gzip-min-length",
    parse=size,
    default=Size(256),
    doc="Shorter answers are not compressed.",
)
GZIP_TYPES = Option[tuple[Word, ...]](
    name="gzip-types",
    parse=_types,
    default=_types(
        "application/atom+xml application/javascript application/x-javascript application/json "
        "application/rss+xml application/vnd.ms-fontobject application/x-font-ttf "
        "application/x-web-app-manifest+json application/xhtml+xml application/xml font/opentype "
        "image/svg+xml image/x-icon text/css text/javascript text/plain text/x-component"
    ),
    doc="MIME types that are compressed besides text/html; * is every type.",
)


def _compression(values: GlobalValues) -> Iterator[GlobalEffect]:
    if not values[USE_GZIP]:
        return
    statements: tuple[Directive, ...] = (
        Directive("gzip", (True,)),
        Directive("gzip_comp_level", (values[GZIP_LEVEL],)),
        Directive("gzip_http_version", (Word("1.1"),)),
        Directive("gzip_min_length", (values[GZIP_MIN_LENGTH].bytes,)),
        Directive("gzip_proxied", (Word("any"),)),
        Directive("gzip_vary", (True,)),
    )
    if types := values[GZIP_TYPES]:
        statements += (Directive("gzip_types", types),)
    yield InSection(section=Section.CLIENTS, statements=statements)


GROUP = OptionGroup(
    title="Compression",
    options=(USE_GZIP, GZIP_LEVEL, GZIP_MIN_LENGTH, GZIP_TYPES),
    effects=_compression,
)
