"""What scripts of other origins may do (CORS).

Headers are sent by `add_header … always`, so that errors have them too, those included
that nginx finds before a location is run (413). What a backend says itself is replaced
where the origin is allowed, and passed on where it is not, as in ingress-nginx.
"""

import hashlib
from collections.abc import Iterator

from generator.annotations.declaration import Annotation, Asker, Feature, OnError, Values
from generator.directives import (
    Block,
    Condition,
    Directive,
    Expression,
    Key,
    Regex,
    Text,
    Value,
    Word,
    mapping,
)
from generator.effects import Effect, InHttp, InLocation, Phase
from generator.values import cors
from generator.values.cors import Origins
from generator.values.scalars import boolean

ENABLE_CORS = Annotation[bool](
    name="enable-cors",
    parse=boolean,
    default=False,
    doc="Tell browsers what scripts of other origins may do, and answer their preflight "
    "requests (OPTIONS) with 204.",
)
CORS_ALLOW_ORIGIN = Annotation[Origins](
    name="cors-allow-origin",
    parse=cors.origins,
    default=Origins((cors.ANY_ORIGIN,)),
    on_error=OnError.KEEP,
    doc="Origins that are allowed, with commas; `https://*.example.com` is one label below. "
    "Others get none of these headers.",
)
CORS_ALLOW_METHODS = Annotation[str](
    name="cors-allow-methods",
    parse=cors.methods,
    default="GET, PUT, POST, DELETE, PATCH, OPTIONS",
    doc="Methods that are allowed, with commas.",
)
CORS_ALLOW_HEADERS = Annotation[str](
    name="cors-allow-headers",
    parse=cors.allowed_headers,
    default="DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,"
    "Content-Type,Range,Authorization",
    doc="Headers of requests that are allowed, with commas.",
)
CORS_ALLOW_CREDENTIALS = Annotation[bool](
    name="cors-allow-credentials",
    parse=cors.credentials,
    default=True,
    on_error=OnError.KEEP,
    doc="Whether cookies and the like may be sent along.",
)
CORS_EXPOSE_HEADERS = Annotation[str | None](
    name="cors-expose-headers",
    parse=cors.exposed_headers,
    default=None,
    doc="Headers of answers that scripts may read, with commas, or `*`.",
)
CORS_MAX_AGE = Annotation[int](
    name="cors-max-age",
    parse=cors.max_age,
    default=1_728_000,
    doc="Seconds for which browsers remember the answer to a preflight request.",
)

_NOTHING_ELSE = (Key.DEFAULT, Text(""))
_ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def _cors(values: Values, asker: Asker) -> Iterator[Effect]:
    origins = values[CORS_ALLOW_ORIGIN]
    if not values[ENABLE_CORS] or not origins.names:
        return
    allowed = "$pillion_cors_" + hashlib.sha256(str(asker.owner).encode()).hexdigest()[:16]
    preflight, sent = f"{allowed}_preflight", _sent(values)
    if origins.any:
        told: dict[str, Value] = {_ALLOW_ORIGIN: Text(cors.ANY_ORIGIN), **sent}
        asked = (Word("OPTIONS"), Word("1"))
        maps = [mapping("$request_method", preflight, asked, _NOTHING_ELSE)]
    else:
        told = {name: Expression(f"{allowed}_{_variable(name)}") for name in (_ALLOW_ORIGIN, *sent)}
        told["Vary"] = Text("Origin")
        maps = [*_maps(origins, allowed, sent), _map_of_preflight(allowed, preflight)]
    yield InHttp(statements=tuple(maps))
    answer = Block("if", (Condition(preflight),), (Directive("return", (204,)),))
    yield InLocation(phase=Phase.PREFLIGHT, statements=(answer,))
    hidden = tuple(Directive("proxy_hide_header", (Word(n),)) for n in (_ALLOW_ORIGIN, *sent))
    yield InLocation(phase=Phase.SETTINGS, statements=hidden)
    added = tuple(Directive("add_header", (Word(n), v, Word("always"))) for n, v in told.items())
    yield InLocation(phase=Phase.HEADERS, statements=added)


def _sent(values: Values) -> dict[str, Value]:
    """Return what an allowed origin is told beside that it is allowed."""
    sent: dict[str, Value] = {}
    if values[CORS_ALLOW_CREDENTIALS]:
        sent["Access-Control-Allow-Credentials"] = Text("true")
    sent["Access-Control-Allow-Methods"] = Text(values[CORS_ALLOW_METHODS])
    sent["Access-Control-Allow-Headers"] = Text(values[CORS_ALLOW_HEADERS])
    if exposed := values[CORS_EXPOSE_HEADERS]:
        sent["Access-Control-Expose-Headers"] = Text(exposed)
    sent["Access-Control-Max-Age"] = Text(str(values[CORS_MAX_AGE]))
    return sent


def _maps(origins: Origins, allowed: str, sent: dict[str, Value]) -> Iterator[Block]:
    """Set `allowed` to the origin where it is, and each header to what is then said."""
    compared = ((key, Expression("$http_origin")) for key in origins.compared)
    yield mapping("$http_origin", allowed, *compared, _NOTHING_ELSE)
    for name, value in {_ALLOW_ORIGIN: Expression(allowed), **sent}.items():
        of_backend = Expression(f"$upstream_http_{_variable(name)}")
        told = f"{allowed}_{_variable(name)}"
        yield mapping(allowed, told, (Text(""), of_backend), (Key.DEFAULT, value))


def _map_of_preflight(allowed: str, preflight: str) -> Block:
    asked = (Regex("^OPTIONS."), Word("1"))
    return mapping(f"$request_method{allowed}", preflight, asked, _NOTHING_ELSE)


def _variable(header: str) -> str:
    return header.lower().replace("-", "_")


FEATURE = Feature(
    title="Scripts of other origins (CORS)",
    annotations=(
        ENABLE_CORS,
        CORS_ALLOW_ORIGIN,
        CORS_ALLOW_METHODS,
        CORS_ALLOW_HEADERS,
        CORS_ALLOW_CREDENTIALS,
        CORS_EXPOSE_HEADERS,
        CORS_MAX_AGE,
    ),
    effects=_cors,
)
