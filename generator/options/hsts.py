"""HSTS: browsers use https alone from then on."""

from collections.abc import Iterator

from generator.directives import Directive, Expression, Key, Text, Word, mapping
from generator.effects import GlobalEffect, InSection, InServer, Section, When
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.scalars import boolean, number_between

HSTS = Option[bool](
    name="hsts",
    parse=boolean,
    default=True,
    doc="Send Strict-Transport-Security for hosts with TLS.",
)
HSTS_MAX_AGE = Option[int](
    name="hsts-max-age",
    parse=number_between(0, 1_000_000_000),
    default=31_536_000,
    doc="Seconds for which browsers remember it.",
)
HSTS_INCLUDE_SUBDOMAINS = Option[bool](
    name="hsts-include-subdomains",
    parse=boolean,
    default=True,
    doc="It holds for names below the host too.",
)
HSTS_PRELOAD = Option[bool](
    name="hsts-preload",
    parse=boolean,
    default=False,
    doc="Allow browsers' makers to ship it.",
)

_HEADER = "$pillion_hsts"


def _hsts(values: GlobalValues) -> Iterator[GlobalEffect]:
    if not values[HSTS]:
        return
    parts = [f"max-age={values[HSTS_MAX_AGE]}"]
    parts += ["includeSubDomains"] if values[HSTS_INCLUDE_SUBDOMAINS] else []
    parts += ["preload"] if values[HSTS_PRELOAD] else []
    # Where a backend sends the header itself, that one counts (docs/decisions/0016).
    asked = "$scheme$sent_http_strict_transport_security"
    rows = ((Word("https"), Text("; ".join(parts))), (Key.DEFAULT, Text("")))
    yield InSection(section=Section.VARIABLES, statements=(mapping(asked, _HEADER, *rows),))
    said = (Word("Strict-Transport-Security"), Expression(_HEADER), Word("always"))
    header = Directive("add_header", said)
    yield InServer(setting=HSTS.name, statements=(header,), when=When.TLS)


GROUP = OptionGroup(
    title="HSTS",
    options=(HSTS, HSTS_MAX_AGE, HSTS_INCLUDE_SUBDOMAINS, HSTS_PRELOAD),
    effects=_hsts,
)
