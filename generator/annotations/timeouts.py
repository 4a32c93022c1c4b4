"""How long a backend may take."""

from collections.abc import Iterator

from generator.annotations.backend_protocol import BACKEND_PROTOCOL
from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.directives import Directive, Duration
from generator.effects import Effect, InLocation, Phase
from generator.model import Protocol
from generator.options import clients, proxying
from generator.values.scalars import seconds

PROXY_CONNECT_TIMEOUT = Annotation[Duration](
    name="proxy-connect-timeout",
    parse=seconds,
    default=proxying.PROXY_CONNECT_TIMEOUT,
    directive="proxy_connect_timeout",
    doc="Seconds for the connection to the backend.",
)

PROXY_READ_TIMEOUT = Annotation[Duration](
    name="proxy-read-timeout",
    parse=seconds,
    default=proxying.PROXY_READ_TIMEOUT,
    directive="proxy_read_timeout",
    doc="Seconds between two reads from the backend; then the answer is 504. A stream of gRPC may "
    "be silent for the longer of this and proxy-send-timeout, the client's side included.",
)

PROXY_SEND_TIMEOUT = Annotation[Duration](
    name="proxy-send-timeout",
    parse=seconds,
    default=proxying.PROXY_SEND_TIMEOUT,
    directive="proxy_send_timeout",
    doc="Seconds between two writes to the backend; then the answer is 504.",
)


def _streams(values: Values, _: Asker) -> Iterator[Effect]:
    """Have a stream of gRPC be silent for as long as its owner says, in both directions.

    nginx reads the client's side of it as the body of a request.
    """
    if values[BACKEND_PROTOCOL] not in (Protocol.GRPC, Protocol.GRPCS):
        return
    usual = values.options[clients.CLIENT_BODY_TIMEOUT]
    asked = (values[PROXY_READ_TIMEOUT], values[PROXY_SEND_TIMEOUT])
    longest = max((usual, *asked), key=lambda each: each.milliseconds)
    if longest != usual:
        directive = Directive("client_body_timeout", (longest,))
        yield InLocation(phase=Phase.SETTINGS, statements=(directive,))


FEATURE = Feature(
    title="How long a backend may take",
    annotations=(PROXY_CONNECT_TIMEOUT, PROXY_READ_TIMEOUT, PROXY_SEND_TIMEOUT),
    effects=_streams,
)
