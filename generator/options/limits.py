"""What is answered where a client asks too often."""

from generator.effects import Section
from generator.options.declaration import Option, OptionGroup
from generator.values.scalars import number_between

LIMIT_REQ_STATUS_CODE = Option[int](
    name="limit-req-status-code",
    parse=number_between(400, 599),
    default=503,
    section=Section.CLIENTS,
    directive="limit_req_status",
    doc="Status of a request beyond limit-rps or limit-rpm.",
)
LIMIT_CONN_STATUS_CODE = Option[int](
    name="limit-conn-status-code",
    parse=number_between(400, 599),
    default=503,
    section=Section.CLIENTS,
    directive="limit_conn_status",
    doc="Status of a request beyond limit-connections.",
)

GROUP = OptionGroup(title="Limits", options=(LIMIT_REQ_STATUS_CODE, LIMIT_CONN_STATUS_CODE))
