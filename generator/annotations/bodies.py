"""Bodies of requests."""

from generator.annotations.declaration import Annotation
from generator.annotations.values import size
from generator.model import Size

PROXY_BODY_SIZE = Annotation[Size](
    name="proxy-body-size",
    parse=size,
    default=Size(1 << 20),
    directive="client_max_body_size",
    doc="Largest request body; a larger one is answered 413. 0: no limit.",
)
