"""Requests that another service has to allow first (`auth_request`)."""

import hashlib
from collections.abc import Iterator
from enum import StrEnum

from generator import problems
from generator.annotations.buffers import buffers_of
from generator.annotations.declaration import SHUT, Annotation, Asker, Feature, OnError, Values
from generator.directives import Directive, Expression, Size, Statement, Text, Value, Word
from generator.effects import INTERNAL, Deny, Effect, InLocation, InternalLocation, Phase
from generator.names import is_network_host
from generator.problems import Code, shown
from generator.values.lists import header_names
from generator.values.scalars import boolean, one_of
from generator.values.urls import URL, parameter, path_or_url, url


class Method(StrEnum):
    """With which method the service is asked."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"
    CONNECT = "CONNECT"
    TRACE = "TRACE"


AUTH_URL = Annotation[URL | None](
    name="auth-url",
    parse=url,
    default=None,
    on_error=OnError.DENY,
    doc="Service that is asked first: 2xx lets a request pass, 401 and 403 are answered so.",
)
AUTH_METHOD = Annotation[Method | None](
    name="auth-method",
    parse=one_of(Method),
    default=None,
    on_error=OnError.DENY,
    doc="Method of that question. none: that of the request.",
)
AUTH_SIGNIN = Annotation[URL | None](
    name="auth-signin",
    parse=url,
    default=None,
    on_error=OnError.DENY,
    doc="Where clients are sent instead of 401, with the URL that they asked for as `rd`.",
)
AUTH_SIGNIN_REDIRECT_PARAM = Annotation[str](
    name="auth-signin-redirect-param",
    parse=parameter,
    default="rd",
    doc="Another name for `rd`.",
)
AUTH_RESPONSE_HEADERS = Annotation[tuple[str, ...]](
    name="auth-response-headers",
    parse=header_names,
    default=(),
    on_error=OnError.DENY,
    doc="Headers of the service's answer that the backend gets, with commas.",
)
AUTH_REQUEST_REDIRECT = Annotation[Expression](
    name="auth-request-redirect",
    parse=path_or_url,
    default=Expression("$request_uri"),
    doc="Header X-Auth-Request-Redirect of the question.",
)
AUTH_ALWAYS_SET_COOKIE = Annotation[bool](
    name="auth-always-set-cookie",
    parse=boolean,
    default=False,
    doc="Pass the service's cookie on with errors of the backend too.",
)

_COOKIE = Expression("$pillion_auth_set_cookie")
_TARGET = Expression("$pillion_auth_target")


def _auth(values: Values, asker: Asker) -> Iterator[Effect]:
    asked, signin = values[AUTH_URL], values[AUTH_SIGNIN]
    if asked is None:
        return
    if wrong := _forbidden(asked, asker):
        yield Deny(wrong)
        return
    name = _name(values, asker)
    question = f"{INTERNAL}auth/{name}"
    yield InternalLocation(name=question, statements=tuple(_question(asked, values)))
    check = tuple(_check(question, values[AUTH_RESPONSE_HEADERS]))
    yield InLocation(phase=Phase.AUTHENTICATION, statements=check)
    yield InLocation(phase=Phase.HEADERS, statements=tuple(_headers(values)))
    if signin is not None:
        page = f"@pillion_signin_{name}"
        error = Directive("error_page", (401, Word("="), Word(page)))
        yield InLocation(phase=Phase.AUTHENTICATION, statements=(error,))
        parameter_ = values[AUTH_SIGNIN_REDIRECT_PARAM]
        yield InternalLocation(name=page, statements=_signin(signin, parameter_))


def _forbidden(asked: URL, asker: Asker) -> problems.Problem | None:
    """Refuse what would have nginx ask this very machine, or one of the client's choice."""
    host = asked.host.strip("[]")
    if host:
        is_admitted = (asker.reach.loopback or is_network_host(host)) and asker.reach.admits(host)
    else:
        is_admitted = asker.reach.loopback or "" not in asker.hosts
    if is_admitted:
        return None
    message = (
        f"{shown(asked.host)} is not a host elsewhere."
        if asked.host
        else "$host may be anything here, since a rule without a host answers for every host."
    )
    return problems.error(
        asker.owner,
        AUTH_URL.name,
        Code.ANNOTATION_INVALID,
        message,
        "Name the host of the service.",
        meanwhile=SHUT,
    )


def _name(values: Values, asker: Asker) -> str:
    """Name what the Ingress adds; no other Ingress of the host has the same."""
    return hashlib.sha256(f"{asker.owner} {values[AUTH_URL]}".encode()).hexdigest()[:16]


def _question(asked: URL, values: Values) -> Iterator[Statement]:
    """Write the subrequest. Variables are shared with the request, so it sets its own alone."""
    yield Directive("set", (_TARGET, asked.text))
    yield Directive("client_max_body_size", (Size(0),))
    yield Directive("proxy_pass_request_body", (False,))
    yield Directive("proxy_ssl_server_name", (True,))
    yield from buffers_of(values)
    if method := values[AUTH_METHOD]:
        yield Directive("proxy_method", (Word(method.value),))
    headers: dict[str, Value] = {
        "Host": Expression(asked.authority),
        "Content-Length": Text(""),
        "Connection": Text(""),
        "Upgrade": Text(""),
        "X-Forwarded-Proto": Text(""),
        "X-Original-URL": Expression("$pillion_scheme://$pillion_host$request_uri"),
        "X-Original-URI": Expression("$request_uri"),
        "X-Original-Method": Expression("$request_method"),
        "X-Sent-From": Text("nginx-ingress-controller"),
        "X-Auth-Request-Redirect": values[AUTH_REQUEST_REDIRECT],
    }
    for header, value in headers.items():
        yield Directive("proxy_set_header", (Word(header), value))
    yield Directive("proxy_pass", (_TARGET,))


def _check(question: str, headers: tuple[str, ...]) -> Iterator[Statement]:
    yield Directive("auth_request", (Word(question),))
    yield Directive("auth_request_set", (_COOKIE, Expression("$upstream_http_set_cookie")))
    for header in headers:
        answered = Expression(f"$upstream_http_{_variable(header)}")
        yield Directive("auth_request_set", (_kept(header), answered))


def _headers(values: Values) -> Iterator[Statement]:
    always = (Word("always"),) if values[AUTH_ALWAYS_SET_COOKIE] else ()
    yield Directive("add_header", (Word("Set-Cookie"), _COOKIE, *always))
    for header in values[AUTH_RESPONSE_HEADERS]:
        yield Directive("proxy_set_header", (Word(header), _kept(header)))


def _signin(signin: URL, parameter_: str) -> tuple[Statement, ...]:
    target = signin.text.text
    if f"{parameter_}=" not in target.partition("?")[2]:
        joint = "&" if "?" in target else "?"
        target += f"{joint}{parameter_}=$pillion_scheme://$pillion_host$escaped_request_uri"
    return (
        Directive("add_header", (Word("Set-Cookie"), _COOKIE)),
        Directive("return", (302, Expression(target))),
    )


def _kept(header: str) -> Expression:
    return Expression(f"$pillion_auth_{_variable(header)}")


def _variable(header: str) -> str:
    return header.lower().replace("-", "_")


FEATURE = Feature(
    title="Requests that another service has to allow first",
    annotations=(
        AUTH_URL,
        AUTH_METHOD,
        AUTH_SIGNIN,
        AUTH_SIGNIN_REDIRECT_PARAM,
        AUTH_RESPONSE_HEADERS,
        AUTH_REQUEST_REDIRECT,
        AUTH_ALWAYS_SET_COOKIE,
    ),
    effects=_auth,
)
