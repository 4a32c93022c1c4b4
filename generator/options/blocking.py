"""Clients that nobody's host answers: by their network, by User-Agent, by Referer.

Asked before anything else of a request, so that no annotation lets them in.
"""

from collections.abc import Callable, Iterator

from generator.directives import Block, Condition, Directive, Key, Regex, Text, among, mapping
from generator.effects import GlobalEffect, InSection, InServer, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.lists import comma_items, each_of
from generator.values.networks import networks
from generator.values.regexes import regex

_MOST = 1000
_LONGEST = 500

Wanted = Text | Regex
_Map = Callable[[GlobalValues], Block | None]


def _patterns(text: str) -> tuple[Wanted, ...]:
    """Read header values with commas; after `~` or `~*` stands a regular expression."""
    items = comma_items(text)
    if not items or len(items) > _MOST:
        raise Invalid(f"a list of up to {_MOST} values", "Write values with commas.")
    return tuple(dict.fromkeys(map(_pattern, items)))


def _pattern(text: str) -> Wanted:
    if text.startswith("~*"):
        return Regex(f"(?i){regex(text[2:].strip()).pattern}")
    if text.startswith("~"):
        return regex(text[1:].strip())
    if len(text) > _LONGEST or not text.isprintable():
        raise Invalid("a list of values of up to 500 characters", "Write shorter ones.")
    return Text(text)


BLOCK_CIDRS = Option[tuple[str, ...]](
    name="block-cidrs",
    parse=each_of(networks),
    default=(),
    doc="Networks whose requests are answered 403 on every host; with commas.",
)
BLOCK_USER_AGENTS = Option[tuple[Wanted, ...]](
    name="block-user-agents",
    parse=each_of(_patterns),
    default=(),
    doc="Values of the header User-Agent that are answered 403 on every host, with commas; after "
    "~ a regular expression, after ~* one for upper and lower case.",
)
BLOCK_REFERERS = Option[tuple[Wanted, ...]](
    name="block-referers",
    parse=each_of(_patterns),
    default=(),
    doc="The same of the header Referer.",
)


def _map(source: str, variable: str, wanted: tuple[Wanted, ...]) -> Block:
    return mapping(source, variable, (Key.DEFAULT, 0), *((each, 1) for each in wanted))


def _by_network(values: GlobalValues) -> Block | None:
    if not values[BLOCK_CIDRS]:
        return None
    return among(values[BLOCK_CIDRS], "$remote_addr", "$pillion_blocked_network")


def _by_header(
    option: Option[tuple[Wanted, ...]], header: str
) -> Callable[[GlobalValues], Block | None]:
    def made(values: GlobalValues) -> Block | None:
        wanted = values[option]
        return _map(f"$http_{header}", f"$pillion_blocked_{header}", wanted) if wanted else None

    return made


_KINDS = (
    ("$pillion_blocked_network", BLOCK_CIDRS, _by_network),
    ("$pillion_blocked_user_agent", BLOCK_USER_AGENTS, _by_header(BLOCK_USER_AGENTS, "user_agent")),
    ("$pillion_blocked_referer", BLOCK_REFERERS, _by_header(BLOCK_REFERERS, "referer")),
)


def _blocking(values: GlobalValues) -> Iterator[GlobalEffect]:
    for variable, option, make in _KINDS:
        if block := make(values):
            yield InSection(section=Section.VARIABLES, statements=(block,))
            refused = (Directive("return", (403,)),)
            asked = Block("if", (Condition(variable),), refused)
            yield InServer(setting=option.name, statements=(asked,))


GROUP = OptionGroup(
    title="Blocked clients",
    options=(BLOCK_CIDRS, BLOCK_USER_AGENTS, BLOCK_REFERERS),
    effects=_blocking,
)
