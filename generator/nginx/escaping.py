"""`$escaped_request_uri`: the URI of a request as the value of a query's parameter.

Stock nginx cannot escape a variable, and the module that can (set-misc 0.34) crashes
nginx 1.31's workers. So a chain of maps replaces one character at a time, as often as
links are long in practice; what is left over stays as it was. nginx evaluates them only
where the variable is used.
"""

from collections.abc import Iterator

from generator.directives import Block, Expression, Key, Regex, Row, Statement

_STEPS = (
    # The last % first, so that those that were written are passed over.
    *[(r"^(.*)%(?!25)(.*)$", "$1%25$2")] * 20,
    *[(r"^([^+]*)\+(.*)$", "$1%2B$2")] * 8,
    *[("^([^&]*)&(.*)$", "$1%26$2")] * 12,
)


def _maps() -> Iterator[Statement]:
    source = Expression("$request_uri")
    for number, (pattern, replacement) in enumerate(_STEPS, start=1):
        name = "$escaped_request_uri" if number == len(_STEPS) else f"$pillion_escaped_{number}"
        rows = (Row(Regex(pattern), Expression(replacement)), Row(Key.DEFAULT, source))
        yield Block("map", (source, Expression(name)), rows)
        source = Expression(name)


ESCAPED_URI = tuple(_maps())
