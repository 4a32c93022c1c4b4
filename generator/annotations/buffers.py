"""Buffers for answers of backends."""

from collections.abc import Iterator

from generator import problems
from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.buffers import buffer_directives, held_busy
from generator.directives import Size, Statement
from generator.effects import Effect, InLocation, Phase
from generator.options import proxying
from generator.problems import Code
from generator.values.describe import described
from generator.values.scalars import switch

PROXY_BUFFERING = Annotation[bool](
    name="proxy-buffering",
    parse=switch,
    default=proxying.PROXY_BUFFERING,
    directive="proxy_buffering",
    doc=proxying.PROXY_BUFFERING.doc,
)
PROXY_BUFFER_SIZE = Annotation[Size](
    name="proxy-buffer-size",
    parse=proxying.PROXY_BUFFER_SIZE.parse,
    default=proxying.PROXY_BUFFER_SIZE,
    doc="Buffer for the headers of an answer, and size of each of the others.",
)
PROXY_BUFFERS_NUMBER = Annotation[int](
    name="proxy-buffers-number",
    parse=proxying.PROXY_BUFFERS_NUMBER.parse,
    default=proxying.PROXY_BUFFERS_NUMBER,
    doc=proxying.PROXY_BUFFERS_NUMBER.doc,
)
PROXY_BUSY_BUFFERS_SIZE = Annotation[Size | None](
    name="proxy-busy-buffers-size",
    parse=proxying.PROXY_BUSY_BUFFERS_SIZE.parse,
    default=proxying.PROXY_BUSY_BUFFERS_SIZE,
    doc=proxying.PROXY_BUSY_BUFFERS_SIZE.doc,
)


def buffers_of(values: Values) -> tuple[Statement, ...]:
    """Return the directives of the buffers that an Ingress asks for."""
    return buffer_directives(
        values[PROXY_BUFFER_SIZE],
        values[PROXY_BUFFERS_NUMBER],
        values[PROXY_BUSY_BUFFERS_SIZE],
        values.options[proxying.PROXY_MAX_TEMP_FILE_SIZE],
    )


def _buffers(values: Values, asker: Asker) -> Iterator[Effect]:
    yield InLocation(phase=Phase.SETTINGS, statements=buffers_of(values))
    size, number = values[PROXY_BUFFER_SIZE], values[PROXY_BUFFERS_NUMBER]
    busy = values[PROXY_BUSY_BUFFERS_SIZE]
    held = held_busy(size, number, busy)
    if PROXY_BUSY_BUFFERS_SIZE in values.given and busy != held:
        yield problems.warning(
            asker.owner,
            PROXY_BUSY_BUFFERS_SIZE.name,
            Code.ANNOTATION_INVALID,
            f"nginx takes no {described(busy)} with {number} buffers of {described(size)}: one "
            "buffer at least, and two less than all.",
            "Change one of the three.",
            meanwhile=described(held),
        )


FEATURE = Feature(
    title="Buffers for answers",
    annotations=(
        PROXY_BUFFERING,
        PROXY_BUFFER_SIZE,
        PROXY_BUFFERS_NUMBER,
        PROXY_BUSY_BUFFERS_SIZE,
    ),
    effects=_buffers,
)
