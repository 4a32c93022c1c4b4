"""The id of a request, by which the logs of everyone on its way can be joined."""

from collections.abc import Iterator

from generator.directives import Expression, Key, Text, mapping
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.scalars import boolean

GENERATE_REQUEST_ID = Option[bool](
    name="generate-request-id",
    parse=boolean,
    default=True,
    doc="Give a request without the header X-Request-ID one. A client's own is kept either way.",
)

_CLIENTS = "$http_x_request_id"


def _request_id(values: GlobalValues) -> Iterator[GlobalEffect]:
    made = [(Text(""), Expression("$request_id"))] if values[GENERATE_REQUEST_ID] else []
    kept = (Key.DEFAULT, Expression(_CLIENTS))
    variable = mapping(_CLIENTS, "$pillion_request_id", *made, kept)
    yield InSection(section=Section.VARIABLES, statements=(variable,))


GROUP = OptionGroup(title="Ids of requests", options=(GENERATE_REQUEST_ID,), effects=_request_id)
