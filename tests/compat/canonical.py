"""What one answer comes to: fields that two recordings can be compared by.

Dates, identifiers and the listeners' ports become placeholders. What differs from one
nginx to the next without meaning (bodies of error pages, minor headers) is left out.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.compat.corpus import Fields

Headers = Iterable[tuple[str, str]]

_TELLING = frozenset(
    {
        *("location", "www-authenticate", "set-cookie", "allow", "content-encoding"),
        *("strict-transport-security", "refresh"),
    }
)
_OF_THE_CONNECTION = frozenset({"connection", "x-scheme", "x-forwarded-scheme", "content-length"})
_CHANGING = frozenset({"REMOTE_PORT", "SERVER_PORT", "REQUEST_ID", "HTTP_X_CASE_TAG"})
_LONGEST = 2000
TAG = "x-case-tag"


@dataclass(frozen=True)
class Canon:
    """Makes answers comparable."""

    http_port: int
    https_port: int
    keep_port: bool = False
    """Whether a port of the listeners in a URL is a placeholder, and not left out."""

    def text(self, text: str) -> str:
        """A text with placeholders for what changes from run to run."""
        for port, name in ((self.https_port, ":<https>"), (self.http_port, ":<http>")):
            shown = name if self.keep_port else ""
            text = re.sub(rf":{port}(?=[/?\"'<]|%2F|$)", shown, text)
        digest = r'(Digest username=.*nonce=)"[^"]*"(.*response=)"[^"]*"'
        text = re.sub(digest, r'\1"<nonce>"\2"<response>"', text)
        affinity = r"\b(\d{9,}\.\d+\.\d+\.\d+|[0-9a-f]{32})\|[0-9a-f]{32}"
        text = re.sub(affinity, "<affinity>", text)
        text = re.sub(r"_mirror-[0-9a-f]{8}-[0-9a-f-]{27}", "_mirror-<uid>", text)
        text = re.sub(r"(?i)(expires=)[A-Z][a-z]{2}, [^;]+", r"\1<date>", text)
        return re.sub(r"(?i)(nonce|opaque)=\"[^\"]*\"", r'\1="<nonce>"', text)

    def headers(self, headers: Headers, without: Iterable[str] = ()) -> dict[str, Any]:
        """Headers by name; several of one name are a list."""
        found: dict[str, list[str]] = {}
        for name, value in sorted(((n.lower(), v) for n, v in headers), key=lambda pair: pair[0]):
            if name not in without:
                found.setdefault(name, []).append(self._value(name, value))
        return {
            name: values[0]
            if len(values) == 1
            else sorted(values)
            if name == "set-cookie"
            else values
            for name, values in found.items()
        }

    def _value(self, name: str, value: str) -> str:
        if len(value) > _LONGEST:
            return f"<{len(value)} characters>"
        if name == "x-request-id" and re.fullmatch(r"[0-9a-f]{32}", value):
            return "<id>"
        if name in {"x-forwarded-port", "x-auth-request-port"}:
            return {str(self.http_port): "80", str(self.https_port): "443"}.get(value, value)
        if name == "ssl-client-cert":
            return "<pem>" if "BEGIN" in value else value
        return self.text(value)

    def answer(self, status: int, headers: Headers, body: bytes, trailers: Headers) -> Fields:
        """The fields of an answer that came whole."""
        headers = list(headers)
        fields: Fields = {"status": status}
        if echo := self.echo(headers, body):
            fields["echo"] = echo
        fields["headers"] = {
            name: value
            for name, value in self.headers(headers).items()
            if name in _TELLING or name.startswith(("access-control-", "x-"))
        }
        if trailers:
            fields["trailers"] = self.headers(trailers)
        return fields

    def echo(self, headers: Headers, body: bytes) -> Fields | None:
        """What an echo backend says that it got; None where none answered."""
        said = _parsed(dict(headers), body)
        if not (isinstance(said, dict) and "backend" in said):
            return None
        seen = {name: value for name, value in said.items() if name not in {"version", "port"}}
        if isinstance(said.get("headers"), list):
            seen["headers"] = self.headers(said["headers"], {TAG, *_OF_THE_CONNECTION})
        if len(said.get("target", "")) > _LONGEST:
            seen["target"] = f"<{len(said['target'])} characters>"
        if isinstance(said.get("params"), dict):
            params = {n: self.text(v) for n, v in said["params"].items() if n not in _CHANGING}
            seen["params"] = params
        return seen

    def observed(self, seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a backend that does not answer clients got."""
        for each in seen:
            each["headers"] = self.headers(each["headers"], {TAG})
            each["target"] = self.text(each["target"])
        return seen


def _parsed(headers: Mapping[str, str], body: bytes) -> object:
    if headers.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            return None
    if headers.get("content-type", "").startswith("application/grpc"):
        body = body[5:]  # one message, after its length
    try:
        return json.loads(body) if body[:1] in b"{[" else None
    except ValueError:
        return None


def flat(fields: Fields) -> Fields:
    """The same with one value a name: `headers.location`, `observed.1.target`."""
    return dict(_flat("", fields))


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else key, part)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for number, part in enumerate(value, 1):
            yield from _flat(f"{name}.{number}", part)
    else:
        yield name, value
