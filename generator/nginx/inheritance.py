"""nginx's trap: one header that a location sets turns off all that it would have inherited.

So a location that sets one writes all. Rules: documentation of `proxy_set_header` and
`add_header`: "inherited from the previous level if and only if there are no … directives
defined on the current level".
"""

from collections.abc import Iterable, Iterator, Sequence

from generator.directives import Directive, Statement, Word

HEADER_LISTS = frozenset(
    {
        *("add_header", "proxy_set_header", "grpc_set_header", "fastcgi_param"),
        *("proxy_hide_header", "grpc_hide_header", "fastcgi_hide_header"),
    }
)


def with_inherited(own: Sequence[Statement], *levels: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return a level's statements with what they would turn off; `levels` go from inner to outer.

    Of one header the own value counts, then that of the innermost level.
    """
    inherited: list[Statement] = []
    for name in dict.fromkeys(s.name for s in own if isinstance(s, Directive)):
        if name not in HEADER_LISTS:
            continue
        level = next((each for each in levels if any(_named(each, name))), ())
        set_already = {_key(directive) for directive in _named(own, name)}
        inherited += [d for d in _named(level, name) if _key(d) not in set_already]
    return (*inherited, *own) if inherited else tuple(own)


def _named(statements: Iterable[Statement], name: str) -> Iterator[Directive]:
    return (s for s in statements if isinstance(s, Directive) and s.name == name)


def _key(directive: Directive) -> str:
    first = directive.arguments[0]
    return first.text.lower() if isinstance(first, Word) else ""
