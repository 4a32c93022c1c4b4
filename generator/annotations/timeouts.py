"""How long a backend may take."""

from generator.annotations.declaration import Annotation
from generator.annotations.values import seconds
from generator.model import Duration

PROXY_CONNECT_TIMEOUT = Annotation[Duration](
    name="proxy-connect-timeout",
    parse=seconds,
    default=Duration(5_000),
    directive="proxy_connect_timeout",
    doc="Seconds for the connection to the backend.",
)

PROXY_READ_TIMEOUT = Annotation[Duration](
    name="proxy-read-timeout",
    parse=seconds,
    default=Duration(60_000),
    directive="proxy_read_timeout",
    doc="Seconds between two reads from the backend; then the answer is 504.",
)

PROXY_SEND_TIMEOUT = Annotation[Duration](
    name="proxy-send-timeout",
    parse=seconds,
    default=Duration(60_000),
    directive="proxy_send_timeout",
    doc="Seconds between two writes to the backend; then the answer is 504.",
)
