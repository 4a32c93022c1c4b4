"""Errors of backends that the default backend answers instead."""

from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, Values
from generator.directives import Directive, Expression, Regex, Statement, Text, Word
from generator.effects import Effect, InLocation, InternalLocation, Phase
from generator.model import Answer
from generator.options import errors
from generator.values.lists import status_codes

CUSTOM_HTTP_ERRORS = Annotation[tuple[int, ...]](
    name="custom-http-errors",
    parse=status_codes,
    default=errors.CUSTOM_HTTP_ERRORS,
    doc="Statuses whose answers come from the default backend instead, with commas; it is told "
    "of the request by X-Code, X-Original-URI and others.",
)

_TOLD = {
    "X-Format": "$http_accept",
    "X-Original-URI": "$request_uri",
    "X-Namespace": "$namespace",
    "X-Ingress-Name": "$ingress_name",
    "X-Service-Name": "$service_name",
    "X-Service-Port": "$service_port",
}


def _errors(values: Values, asker: Asker) -> Iterator[Effect]:
    statuses = values[CUSTOM_HTTP_ERRORS]
    if not statuses:
        return
    pages = tuple(
        Directive("error_page", (status, Word("="), Word(_name(status)))) for status in statuses
    )
    intercept = Directive("proxy_intercept_errors", (True,))
    yield InLocation(phase=Phase.ERRORS, statements=(intercept, *pages))
    # `rewrite … break` would skip the `return` of an answer that nginx itself gives.
    action = asker.default_backend.action
    for status in statuses:
        yield InternalLocation(
            name=_name(status),
            statements=() if isinstance(action, Answer) else tuple(_page(status)),
            action=action,
        )


def _name(status: int) -> str:
    return f"@pillion_error_{status}"


def _page(status: int) -> Iterator[Statement]:
    yield Directive("proxy_intercept_errors", (False,))
    yield Directive("proxy_set_header", (Word("X-Code"), Text(str(status))))
    for header, value in _TOLD.items():
        yield Directive("proxy_set_header", (Word(header), Expression(value)))
    yield Directive("rewrite", (Regex("^"), Expression("/"), Word("break")))


FEATURE = Feature(title="Errors", annotations=(CUSTOM_HTTP_ERRORS,), effects=_errors)
