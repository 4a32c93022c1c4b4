"""How backends are spoken to."""

from generator.annotations.declaration import Annotation
from generator.annotations.values import one_of
from generator.model import Protocol

BACKEND_PROTOCOL = Annotation[Protocol](
    name="backend-protocol",
    parse=one_of(Protocol),
    default=Protocol.HTTP,
    doc="What the backend speaks: HTTP, HTTPS, AUTO_HTTP (as the client does), GRPC, GRPCS, FCGI.",
)
