"""What an nginx can do, as `nginx -V` says."""

from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from reloader.contract import OLDEST_NGINX

_NEEDS = (
    ("http2", "http2"),
    ("grpc_", "grpc"),
    ("fastcgi_", "fastcgi"),
    ("real_ip_", "real_ip"),
    ("set_real_ip_from", "real_ip"),
)
"""How names of directives begin, and the capability that each of them needs."""


class Capabilities(Struct, frozen=True):
    """What the nginx can do that will read the configuration (`nginx -V`)."""

    version: tuple[int, ...]
    modules: frozenset[str]
    """Without `--with-` and `--add-module=`, such as `http_v2_module`; one that is there by
    default and was left out begins with `without-`."""
    lua: bool = False
    """Whether it can take endpoints without a reload, by its Lua module."""
    lua_modules: tuple[str, ...] = ()
    """What has to be loaded for that."""

    @classmethod
    def of(
        cls,
        version: str,
        modules: Iterable[str],
        *,
        lua: bool = False,
        lua_modules: Iterable[str] = (),
    ) -> Self:
        """Read them as the reloader reports them, such as `1.31.3`."""
        numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
        return cls(numbers, frozenset(modules), lua, tuple(lua_modules))

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

    @property
    def request_port(self) -> bool:
        """Whether nginx tells the port that the client asked for (`$request_port`)."""
        return self.version >= (1, 29, 3)

    @property
    def real_ip(self) -> bool:
        """Whether nginx can take the client's address from a header."""
        return "http_realip_module" in self.modules

    def knows(self, directive: str) -> bool:
        """Whether nginx has the module that a directive needs."""
        return all(getattr(self, need) for name, need in _NEEDS if directive.startswith(name))

    def _by_default(self, module: str) -> bool:
        """Whether a module is there that is left out only on request."""
        return f"without-{module}" not in self.modules


UNKNOWN = Capabilities(OLDEST_NGINX, frozenset())
"""What can be relied on before nginx has been asked."""
