"""The configuration for a volume that holds no wish yet.

nginx can start with it before anything else runs: it answers its own health check and
503 to everything else, and refuses TLS until there is a certificate.
"""

from collections.abc import Collection
from pathlib import Path

from reloader.contract import Volume, Wish

_IPV6 = Path("/proc/net/if_inet6")


def bootstrap(  # noqa: PLR0913 - a port each
    volume: Volume,
    *,
    status_port: int,
    probe_port: int | None,
    http_port: int | None,
    https_port: int | None,
    modules: Collection[str] = (),
) -> Wish:
    """Return generation 0, for an nginx with these modules, and without those `without-`."""
    servers = [_STATUS.format(port=status_port)]
    if probe_port is not None:
        servers.append(_PROBES.format(listen=_listen(probe_port, "")))
    if http_port is not None:
        servers.append(_HTTP.format(listen=_listen(http_port, "default_server")))
    if https_port is not None:
        servers.append(_HTTPS.format(listen=_listen(https_port, "ssl default_server")))
    folders = "".join(
        f'    {protocol}_temp_path "{volume.temp}/{protocol}";\n'
        for protocol in _PROTOCOLS
        if f"without-http_{protocol}_module" not in modules
    )
    body = _MAIN.format(pid=volume.pid, temp=volume.temp, folders=folders, servers="".join(servers))
    return Wish.of(0, body.encode())


def _listen(port: int, options: str) -> str:
    hosts = ["", "[::]:"] if _IPV6.exists() else [""]
    return "\n        ".join(f"listen {host}{port} {options}".rstrip() + ";" for host in hosts)


_PROTOCOLS = ("proxy", "fastcgi", "uwsgi", "scgi")
"""For each of them nginx makes a folder as it starts, where it may not write by default."""

_MAIN = """\
pid "{pid}";
worker_processes 1;
events {{
}}
http {{
    access_log off;
    client_body_temp_path "{temp}/client_body";
{folders}{servers}}}
"""

_STATUS = """\
    server {{
        listen 127.0.0.1:{port};
        default_type text/plain;
        location = /healthz {{
            return 200 "ok";
        }}
        location = /generation {{
            return 200 "0";
        }}
        location / {{
            return 503;
        }}
    }}
"""

_PROBES = """\
    server {{
        {listen}
        location = /healthz {{
            return 200 "ok";
        }}
        location / {{
            return 503;
        }}
    }}
"""

_HTTP = """\
    server {{
        {listen}
        return 503;
    }}
"""

_HTTPS = """\
    server {{
        {listen}
        ssl_reject_handshake on;
    }}
"""
