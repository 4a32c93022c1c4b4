"""Where the configuration will live, and what holds for all of it."""

from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from generator.model import Duration, Size
from generator.names import is_address
from reloader.contract import OLDEST_NGINX

_SECOND = 1000
_KB = 1 << 10
_MB = 1 << 20


class Capabilities(Struct, frozen=True):
    """What the nginx can do that will read the configuration (`nginx -V`)."""

    version: tuple[int, ...]
    modules: frozenset[str]
    """Without `--with-` and `--add-module=`, such as `http_v2_module`."""

    @classmethod
    def of(cls, version: str, modules: Iterable[str]) -> Self:
        """Read them as the reloader tells them, such as `1.31.3`."""
        numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
        return cls(numbers, frozenset(modules))

    @property
    def http2(self) -> bool:
        """Whether HTTP/2 can be spoken to clients."""
        return "http_v2_module" in self.modules

    @property
    def grpc(self) -> bool:
        """Whether gRPC can be spoken to backends; nginx has it with HTTP/2 only."""
        return self.http2 and self._by_default("http_grpc_module")

    @property
    def fastcgi(self) -> bool:
        """Whether FastCGI can be spoken to backends."""
        return self._by_default("http_fastcgi_module")

    @property
    def uwsgi(self) -> bool:
        """Whether nginx wants a folder for uwsgi, which Pillion never speaks."""
        return self._by_default("http_uwsgi_module")

    @property
    def scgi(self) -> bool:
        """Whether nginx wants a folder for SCGI, which Pillion never speaks."""
        return self._by_default("http_scgi_module")

    @property
    def stub_status(self) -> bool:
        """Whether nginx counts its connections."""
        return "http_stub_status_module" in self.modules

    def _by_default(self, module: str) -> bool:
        """Whether a module is there that is left out only on request."""
        return not {f"without-{module}", f"--without-{module}"} & self.modules


UNKNOWN = Capabilities(OLDEST_NGINX, frozenset())
"""What can be relied on before nginx has been asked."""


class HttpDefaults(Struct, frozen=True, kw_only=True):
    """What holds where no Ingress says otherwise; ingress-nginx's ConfigMap defaults."""

    client_body_buffer_size: Size = Size(8 * _KB)
    client_body_timeout: Duration = Duration(60 * _SECOND)
    client_header_buffer_size: Size = Size(1 * _KB)
    client_header_timeout: Duration = Duration(60 * _SECOND)
    client_max_body_size: Size = Size(1 * _MB)
    large_client_header_buffers: tuple[int, Size] = (4, Size(8 * _KB))
    ignore_invalid_headers: bool = True
    underscores_in_headers: bool = False

    keepalive_timeout: Duration = Duration(75 * _SECOND)
    keepalive_min_timeout: Duration = Duration(75 * _SECOND)
    """How long an idle connection outlives a reload. See docs/decisions/0010."""
    keepalive_requests: int = 1000
    http2: bool = True
    http2_max_concurrent_streams: int = 128

    proxy_connect_timeout: Duration = Duration(5 * _SECOND)
    proxy_read_timeout: Duration = Duration(60 * _SECOND)
    proxy_send_timeout: Duration = Duration(60 * _SECOND)
    proxy_buffering: bool = False
    proxy_request_buffering: bool = True
    proxy_buffer_size: Size = Size(4 * _KB)
    proxy_buffers_number: int = 4
    proxy_max_temp_file_size: Size = Size(1024 * _MB)
    proxy_next_upstream_timeout: Duration = Duration(0)
    proxy_next_upstream_tries: int = 3

    upstream_keepalive_connections: int = 64
    """Idle connections that a worker keeps to one upstream. See docs/decisions/0012."""
    upstream_keepalive_requests: int = 10000
    upstream_keepalive_time: Duration = Duration(3600 * _SECOND)
    upstream_keepalive_timeout: Duration = Duration(60 * _SECOND)

    server_tokens: bool = False
    hsts: bool = True
    hsts_max_age_s: int = 31536000
    hsts_include_subdomains: bool = True
    hsts_preload: bool = False

    ssl_protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    ssl_ciphers: tuple[str, ...] = (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256",
        "DHE-RSA-AES256-GCM-SHA384",
    )
    ssl_session_cache_size: Size = Size(10 * _MB)
    ssl_session_timeout: Duration = Duration(600 * _SECOND)
    ssl_session_tickets: bool = False


class Surroundings(Struct, frozen=True, kw_only=True):
    """Where nginx runs, and what it can do."""

    files: str
    """The folder of certificates and the like, absolute."""
    pid: str
    temp: str
    """The folder in which nginx makes its own for bodies on disk; it has to exist."""
    http_port: int
    https_port: int
    status_port: int
    probe_port: int | None = None
    """Where others may ask whether nginx serves, such as a kubelet; None: nowhere."""
    ipv6: bool = True
    resolvers: tuple[str, ...] = ()
    """Addresses that resolve the names of ExternalName Services."""
    workers: int = 0
    """0: one for each processor."""
    worker_connections: int = 16384
    worker_shutdown_timeout: Duration = Duration(240 * _SECOND)
    open_files: int = 0
    """Limit of open files for a worker, in which a connection through takes two.

    0: what nginx was started with; a limit that it may not raise it logs as an alert.
    """
    error_log_level: str = "warn"
    access_log: str = "/dev/stdout"
    """A file, or `off`. Not buffered: lines up to 4,096 bytes stay whole on a pipe."""
    capabilities: Capabilities = UNKNOWN
    http: HttpDefaults = HttpDefaults()


def resolvers_of(resolv_conf: str) -> tuple[str, ...]:
    """Return the name servers of a resolv.conf that nginx can use: no zone indices."""
    lines = (line.split() for line in resolv_conf.splitlines())
    named = [fields[1] for fields in lines if len(fields) > 1 and fields[0] == "nameserver"]
    return tuple(address for address in named if is_address(address))
