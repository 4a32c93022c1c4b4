"""Headers of answers: which annotations may set, and which of backends' are not passed on."""

from collections.abc import Iterator

from generator.directives import Directive, Word
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.problems import shown
from generator.values.invalid import Invalid
from generator.values.lists import header_names

_OF_NGINX = frozenset(
    {
        *("connection", "content-length", "content-type", "date", "keep-alive", "server"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)
"""Those that nginx writes itself; a second one would be a contradiction."""


def _may_be_set(text: str) -> tuple[str, ...]:
    names = header_names(text)
    for name in names:
        if name.lower() in _OF_NGINX:
            raise Invalid(
                f"a list of headers that can be set: {shown(name)} is nginx's own to write",
                "Remove it.",
            )
    return names


GLOBAL_ALLOWED_RESPONSE_HEADERS = Option[tuple[str, ...]](
    name="global-allowed-response-headers",
    parse=_may_be_set,
    default=(),
    doc="Headers that custom-headers may set, with commas.",
)
HIDE_HEADERS = Option[tuple[str, ...]](
    name="hide-headers",
    parse=header_names,
    default=(),
    doc="Headers of backends' answers that clients do not get, with commas.",
)


def _hidden(values: GlobalValues) -> Iterator[GlobalEffect]:
    hidden = tuple(Directive("proxy_hide_header", (Word(name),)) for name in values[HIDE_HEADERS])
    yield InSection(section=Section.BACKENDS, statements=hidden)


GROUP = OptionGroup(
    title="Headers of answers",
    options=(GLOBAL_ALLOWED_RESPONSE_HEADERS, HIDE_HEADERS),
    effects=_hidden,
)
