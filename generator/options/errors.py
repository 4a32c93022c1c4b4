"""Errors that the default backend answers instead of the backend that made them."""

from generator.options.declaration import Option, OptionGroup
from generator.values.lists import status_codes

CUSTOM_HTTP_ERRORS = Option[tuple[int, ...]](
    name="custom-http-errors",
    parse=status_codes,
    default=(),
    doc="Statuses from 300 to 599 whose answers come from the default backend, with commas.",
)

GROUP = OptionGroup(title="Errors", options=(CUSTOM_HTTP_ERRORS,))
