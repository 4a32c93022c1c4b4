"""Where the configuration will live: folders, ports, workers, and the nginx that reads it."""

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from generator.names import is_address, is_subdomain
from generator.nginx.capabilities import UNKNOWN, Capabilities

_CONNECTIONS = 16384
_OTHER_FILES = 1024
"""Of a worker besides connections: listeners, logs, bodies on disk."""
_UNLIMITED = -1


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
    ipv6_beyond: bool = True
    """Whether other machines are reached by IPv6; where not, no name is resolved to it."""
    resolvers: tuple[str, ...] = ()
    """Addresses that resolve the names of ExternalName Services."""
    workers: int = 0
    """0: one for each processor."""
    worker_connections: int = _CONNECTIONS
    open_files: int = 0
    """Limit of open files for a worker, in which a connection through takes two.

    0: what nginx was started with; a limit that it may not raise it logs as an alert.
    """
    error_log_level: str = "warn"
    access_log: str = "/dev/stdout"
    """A file, or `off`. Not buffered: lines up to 4,096 bytes stay whole on a pipe."""
    is_whole: bool = True
    """False: what is served may lack what others of the cluster's nginx serve, so it says that
    it is not ready."""
    capabilities: Capabilities = UNKNOWN

    def without_lua(self) -> Self:
        """Have endpoints stand in the configuration, whatever nginx can do."""
        if not self.capabilities.lua:
            return self
        return replace(self, capabilities=replace(self.capabilities, lua=False, lua_modules=()))


def open_files(soft: int, hard: int, connections: int = _CONNECTIONS) -> int:
    """Return the limit that a worker needs, within the hard one; 0 where the soft one will do.

    A worker may raise its limit up to the hard one without any right.
    """
    needed = 2 * connections + _OTHER_FILES
    if soft == _UNLIMITED or soft >= needed:
        return 0
    return needed if hard == _UNLIMITED else max(soft, min(needed, hard))


def resolvers_of(resolv_conf: str) -> tuple[str, ...]:
    """Return the name servers of a resolv.conf that nginx can use: no zone indices."""
    lines = (line.split() for line in resolv_conf.splitlines())
    named = [fields[1] for fields in lines if len(fields) > 1 and fields[0] == "nameserver"]
    return tuple(address for address in named if is_address(address))


def cluster_domain_of(resolv_conf: str) -> str:
    """Return the domain of a cluster's Services, as the search list of a Pod has it; or nothing."""
    lines = (line.split() for line in resolv_conf.splitlines())
    searched = [name for fields in lines if fields[:1] == ["search"] for name in fields[1:]]
    found = (name.rstrip(".").removeprefix("svc.") for name in searched if name.startswith("svc."))
    return next((domain for domain in found if is_subdomain(domain)), "")


def has_ipv6_beyond(if_inet6: str) -> bool:
    """Whether an address of /proc/net/if_inet6 is of global scope: neither loopback nor link."""
    return any(line.split()[3:4] == ["00"] for line in if_inet6.splitlines())
