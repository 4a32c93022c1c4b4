"""How backends are spoken to."""

from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.effects import Effect, UpstreamSettings
from generator.model import Protocol
from generator.values.scalars import one_of

BACKEND_PROTOCOL = Annotation[Protocol](
    name="backend-protocol",
    parse=one_of(Protocol),
    default=Protocol.HTTP,
    doc="What the backend speaks: HTTP, HTTPS, AUTO_HTTP (as the client does), GRPC, GRPCS, FCGI.",
)


def _protocol(values: Values, _: Asker) -> Iterator[Effect]:
    yield UpstreamSettings(protocol=values[BACKEND_PROTOCOL])


FEATURE = Feature(
    title="How backends are spoken to", annotations=(BACKEND_PROTOCOL,), effects=_protocol
)
