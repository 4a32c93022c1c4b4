"""Headers of answers that an Ingress sets itself, of those that the admin allows."""

import re
from collections.abc import Iterator, Mapping

from generator.annotations.declaration import Annotation, Asker, Feature, OnError, Values
from generator.annotations.references import config_map_of, unusable
from generator.directives import Directive, Text, Word
from generator.effects import Deny, Effect, InLocation, Phase
from generator.objects import Kind
from generator.options.headers import GLOBAL_ALLOWED_RESPONSE_HEADERS
from generator.problems import Problem, shown
from generator.values.references import Reference, reference

CUSTOM_HEADERS = Annotation[Reference | None](
    name="custom-headers",
    parse=reference,
    default=None,
    on_error=OnError.DENY,
    refers_to=Kind.CONFIG_MAP,
    doc="ConfigMap with headers of answers, `NAMESPACE/NAME`. The admin's option "
    "global-allowed-response-headers lists those that may be set.",
)

_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")


def _headers(values: Values, asker: Asker) -> Iterator[Effect]:
    if values[CUSTOM_HEADERS] is None:
        return
    found = config_map_of(CUSTOM_HEADERS, values, asker)
    if isinstance(found, Problem):
        yield Deny(found)
        return
    allowed = values.options[GLOBAL_ALLOWED_RESPONSE_HEADERS]
    if wrong := _wrong(found.data, allowed):
        message = f"ConfigMap {found.name} {wrong}."
        hint = f"Remove it, or ask the admin about {GLOBAL_ALLOWED_RESPONSE_HEADERS.name}."
        yield Deny(unusable(CUSTOM_HEADERS, asker, message, hint))
        return
    names = sorted(found.data)
    hidden = tuple(Directive("proxy_hide_header", (Word(name),)) for name in names)
    added = tuple(
        Directive("add_header", (Word(name), Text(found.data[name].strip()), Word("always")))
        for name in names
    )
    yield InLocation(phase=Phase.SETTINGS, statements=hidden)
    yield InLocation(phase=Phase.HEADERS, statements=added)


def _wrong(data: Mapping[str, str], allowed: tuple[str, ...]) -> str:
    may = {name.lower() for name in allowed}
    for name in sorted(data):
        if name.lower() not in may:
            return f"has header {shown(name)}, which the admin does not allow"
        if not _VALUE.fullmatch(data[name].strip()):
            return f"has a value of header {shown(name)} that is not one line of ASCII"
    return ""


FEATURE = Feature(title="Headers of answers", annotations=(CUSTOM_HEADERS,), effects=_headers)
