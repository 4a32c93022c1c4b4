"""Bodies of requests."""

from collections.abc import Iterator

from generator import problems
from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.directives import Directive, Size
from generator.effects import Effect, InLocation, Phase
from generator.options import clients
from generator.problems import Code
from generator.values.describe import described
from generator.values.scalars import size

PROXY_BODY_SIZE = Annotation[Size](
    name="proxy-body-size",
    parse=size,
    default=clients.PROXY_BODY_SIZE,
    doc="Largest request body; a larger one is answered 413. 0: no limit, or the most that "
    "`max-proxy-body-size` allows.",
)

_NO_LIMIT = Size(0)


def _limit(values: Values, asker: Asker) -> Iterator[Effect]:
    if PROXY_BODY_SIZE not in values.given:
        return
    asked, most = values[PROXY_BODY_SIZE], values.options[clients.MAX_PROXY_BODY_SIZE]
    capped = most != _NO_LIMIT and (asked == _NO_LIMIT or asked > most)
    limit = Directive("client_max_body_size", (most if capped else asked,))
    yield InLocation(phase=Phase.SETTINGS, statements=(limit,))
    if capped:
        wanted = "No limit" if asked == _NO_LIMIT else described(asked)
        yield problems.warning(
            asker.owner,
            PROXY_BODY_SIZE.name,
            Code.LIMIT_EXCEEDED,
            f"{wanted} is more than the admin allows: {described(most)} "
            f"({clients.MAX_PROXY_BODY_SIZE.name}).",
            "Write less, or ask the admin.",
            meanwhile=f"{described(most)} holds",
        )


FEATURE = Feature(title="Bodies of requests", annotations=(PROXY_BODY_SIZE,), effects=_limit)
