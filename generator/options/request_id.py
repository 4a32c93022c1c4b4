"""The id of a request, by which the logs of everyone on its way can be joined."""

from collections.abc import Iterator

from generator.directives import Block, Expression, Key, Row, Text
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.scalars import boolean

GENERATE_REQUEST_ID = Option[bool](
    name="generate-request-id",
    parse=boolean,
    default=True,
    doc="Give a request without the header X-Request-ID one. A client's own is kept either way.",
)

_CLIENTS = Expression("$http_x_request_id")


def _request_id(values: GlobalValues) -> Iterator[GlobalEffect]:
    rows = [Row(Key.DEFAULT, _CLIENTS)]
    if values[GENERATE_REQUEST_ID]:
        rows.insert(0, Row(Text(""), Expression("$request_id")))
    variable = Block("map", (_CLIENTS, Expression("$pillion_request_id")), tuple(rows))
    yield InSection(section=Section.VARIABLES, statements=(variable,))


GROUP = OptionGroup(title="Ids of requests", options=(GENERATE_REQUEST_ID,), effects=_request_id)
