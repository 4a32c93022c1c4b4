"""The access log."""

from collections.abc import Iterator

from generator.directives import Block, Directive, Expression, Key, Text, Word, mapping
from generator.effects import GlobalEffect, InSection, Section
from generator.options.declaration import GlobalValues, Option, OptionGroup
from generator.values.invalid import Invalid
from generator.values.lists import path_items
from generator.values.log_formats import log_format
from generator.values.scalars import boolean

_FIELDS = (
    '"timestamp":"$time_iso8601"',
    '"level":"info"',
    '"event":"request.served"',
    '"component":"nginx"',
    '"remote_addr":"$remote_addr"',
    '"host":"$host"',
    '"method":"$request_method"',
    '"uri":"$request_uri"',
    '"protocol":"$server_protocol"',
    '"scheme":"$scheme"',
    '"status":$pillion_status',
    '"request_bytes":$request_length',
    '"response_bytes":$bytes_sent',
    '"body_bytes":$body_bytes_sent',
    '"duration_s":$request_time',
    '"request_id":"$pillion_request_id"',
    '"user_agent":"$http_user_agent"',
    '"referer":"$http_referer"',
    '"ingress":"$pillion_ingress"',
    '"service":"$pillion_service"',
    '"port":"$pillion_port"',
    '"rule":"$pillion_rule"',
    '"upstream_addr":"$upstream_addr"',
    '"upstream_status":"$upstream_status"',
    '"upstream_duration_s":"$upstream_response_time"',
)

_MOST_URLS = 1000


def _urls(text: str) -> tuple[str, ...]:
    """Read paths with commas."""
    paths = path_items(text, _is_url, "Write paths that begin with a slash, with commas.")
    if not paths or len(paths) > _MOST_URLS:
        raise Invalid("a list of paths", "Write paths with commas, such as /healthz,/metrics.")
    return tuple(dict.fromkeys(paths))


def _is_url(text: str) -> bool:
    return text.startswith("/") and text.isprintable()


LOG_FORMAT_UPSTREAM = Option[Expression | None](
    name="log-format-upstream",
    parse=log_format,
    default=None,
    doc="Format of a line. none: JSON with the fields of docs/logs.md.",
)
LOG_FORMAT_ESCAPE_JSON = Option[bool](
    name="log-format-escape-json",
    parse=boolean,
    default=False,
    doc="Escape values in log-format-upstream as JSON does.",
)
LOG_FORMAT_ESCAPE_NONE = Option[bool](
    name="log-format-escape-none",
    parse=boolean,
    default=False,
    doc="Do not escape values in log-format-upstream; log-format-escape-json goes before it.",
)
SKIP_ACCESS_LOG_URLS = Option[tuple[str, ...]](
    name="skip-access-log-urls",
    parse=_urls,
    default=(),
    doc="Paths whose requests are not logged, as nginx compares them (decoded); with commas.",
)
DISABLE_ACCESS_LOG = Option[bool](
    name="disable-access-log",
    parse=boolean,
    default=False,
    aliases=("disable-http-access-log",),
    doc="Log no requests.",
)


def _condition(values: GlobalValues) -> Block:
    """Say in a variable whether a request is logged; the template's access log asks it."""
    skipped = ((Text(url), 0) for url in values[SKIP_ACCESS_LOG_URLS])
    return mapping("$uri", "$pillion_is_logged", (Key.DEFAULT, 1), *skipped)


def _format(values: GlobalValues) -> Directive:
    wanted = values[LOG_FORMAT_UPSTREAM]
    if wanted is None:
        # A piece for each field, since a line of a configuration should be readable.
        pieces = [f"{{{_FIELDS[0]},", *(f"{field}," for field in _FIELDS[1:-1])]
        pieces.append(f"{_FIELDS[-1]}}}")
        return Directive(
            "log_format",
            (Word("pillion"), Word("escape=json"), *(Expression(piece) for piece in pieces)),
        )
    escape = "json" if values[LOG_FORMAT_ESCAPE_JSON] else "default"
    if escape == "default" and values[LOG_FORMAT_ESCAPE_NONE]:
        escape = "none"
    return Directive("log_format", (Word("pillion"), Word(f"escape={escape}"), wanted))


def _logging(values: GlobalValues) -> Iterator[GlobalEffect]:
    yield InSection(section=Section.LOG, statements=(_format(values), _condition(values)))
    if values[DISABLE_ACCESS_LOG]:
        off = Directive("access_log", (False,))
        yield InSection(section=Section.ACCESS_LOG, statements=(off,))


GROUP = OptionGroup(
    title="Access log",
    options=(
        LOG_FORMAT_UPSTREAM,
        LOG_FORMAT_ESCAPE_JSON,
        LOG_FORMAT_ESCAPE_NONE,
        SKIP_ACCESS_LOG_URLS,
        DISABLE_ACCESS_LOG,
    ),
    effects=_logging,
)
