"""URLs that nginx passes requests to, or sends clients to."""

import re

from msgspec import Struct

from generator.directives import Expression
from generator.names import is_subdomain
from generator.problems import shown
from generator.values.invalid import Invalid, check_length
from generator.values.variables import unknown_variable

_LONGEST = 1500
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?#:\[\]]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?(?P<path>[/?].*)?"
)
_OWN_HOST = frozenset({"$host", "$http_host", "$best_http_host"})
_VARIABLES = frozenset(
    {
        *("args", "best_http_host", "escaped_request_uri", "host", "http_host", "is_args"),
        *("pass_access_scheme", "query_string", "remote_addr", "request_id", "request_method"),
        *("request_uri", "scheme", "server_name", "server_port"),
    }
)
"""Those that hold neither blanks nor line ends, whatever a client sends: nginx writes them
unescaped. `$uri`, headers and captures are decoded, or may hold blanks."""


class URL(Struct, frozen=True):
    """An absolute URL of http or https."""

    scheme: str
    host: str
    """In lower case; empty: the host that the client asked for."""
    port: int | None
    path: Expression
    """With its query; with variables of a closed list."""

    @property
    def authority(self) -> str:
        """Return host and port, as a URL has them."""
        return (self.host or "$host") + (f":{self.port}" if self.port else "")

    @property
    def text(self) -> Expression:
        """Return the whole URL."""
        return Expression(f"{self.scheme}://{self.authority}{self.path.text}")


def url(text: str) -> URL:
    """Read an absolute URL; its host is a name, an address or `$host`."""
    check_length(text, _LONGEST)
    found = _URL.fullmatch(text)
    if not found or not re.fullmatch(r"[\x21-\x7e]+", text) or "#" in text:
        raise Invalid("a URL", "Write one such as http://auth.default.svc.cluster.local/verify.")
    host, port = found["host"].lower(), int(found["port"] or 0)
    is_own = host in _OWN_HOST
    if not (is_own or host.startswith("[") or is_subdomain(host)) or port >= 1 << 16:
        raise Invalid(
            f"a URL: {shown(host)} is no host", "Name a host, an address, or write $host."
        )
    path = found["path"] or "/"
    _check_variables(path)
    path = path if path.startswith("/") else f"/{path}"
    return URL(found["scheme"], "" if is_own else host, port or None, Expression(path))


def _check_variables(text: str) -> None:
    if unknown := unknown_variable(text, _is_known):
        raise Invalid(
            f"a URL that nginx can build: {shown(unknown)} is not a variable here",
            "Use $host, $request_uri, $escaped_request_uri, $scheme, $arg_name and the like.",
        )


def _is_known(name: str) -> bool:
    return name in _VARIABLES or re.fullmatch(r"arg_[a-z0-9_]{1,60}", name) is not None


def path_or_url(text: str) -> Expression:
    """Read a path, or an absolute URL."""
    if not text.startswith(("/", "$request_uri")):
        return url(text).text
    if len(text) > _LONGEST or not re.fullmatch(r"[\x21-\x7e]+", text):
        raise Invalid("a path or URL", "Begin with a slash; encode blanks, as in %20.")
    _check_variables(text)
    return Expression(text)


def parameter(text: str) -> str:
    """Read the name of a parameter of a query."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", text):
        raise Invalid("the name of a parameter", "Write letters, digits, dashes, such as rd.")
    return text
