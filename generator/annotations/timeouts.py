"""How long a backend may take."""

from generator.annotations.declaration import Annotation, Feature
from generator.directives import Duration
from generator.options import proxying
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
    doc="Seconds between two reads from the backend; then the answer is 504.",
)

PROXY_SEND_TIMEOUT = Annotation[Duration](
    name="proxy-send-timeout",
    parse=seconds,
    default=proxying.PROXY_SEND_TIMEOUT,
    directive="proxy_send_timeout",
    doc="Seconds between two writes to the backend; then the answer is 504.",
)

FEATURE = Feature(
    title="How long a backend may take",
    annotations=(PROXY_CONNECT_TIMEOUT, PROXY_READ_TIMEOUT, PROXY_SEND_TIMEOUT),
)
