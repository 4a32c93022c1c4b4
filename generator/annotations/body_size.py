"""Bodies of requests."""

from generator.annotations.declaration import Annotation, Feature
from generator.directives import Size
from generator.options import clients
from generator.values.scalars import size

PROXY_BODY_SIZE = Annotation[Size](
    name="proxy-body-size",
    parse=size,
    default=clients.PROXY_BODY_SIZE,
    directive="client_max_body_size",
    doc="Largest request body; a larger one is answered 413. 0: no limit.",
)

FEATURE = Feature(title="Bodies of requests", annotations=(PROXY_BODY_SIZE,))
