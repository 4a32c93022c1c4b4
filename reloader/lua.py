"""Finds out by trial whether an nginx has a Lua module that works.

`nginx -V` does not tell of modules that come in packages of their own, and a module may
load while the libraries that it needs are not there. So an nginx is started that ends
itself in the first lines of Lua that it runs, before it would serve anything.
"""

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reloader.check import Build, Nginx
from reloader.contract import Volume, write_atomically

_WORKS = 73
"""The exit status by which it says so; nginx's own are 0, 1 and 2."""
_MODULES = ("ndk_http_module.so", "ngx_http_lua_module.so")
_TRIAL = """\
{load}daemon off;
master_process off;
pid "{pid}";
events {{
}}
http {{
    access_log off;
    client_body_temp_path "{temp}/client_body";
    proxy_temp_path "{temp}/proxy";
    fastcgi_temp_path "{temp}/fastcgi";
    uwsgi_temp_path "{temp}/uwsgi";
    scgi_temp_path "{temp}/scgi";
    init_by_lua_block {{ require "ngx.balancer" os.exit({works}) }}
}}
"""


@dataclass(frozen=True)
class Lua:
    """What an nginx can do by its Lua module."""

    works: bool = False
    modules: tuple[str, ...] = ()
    """What has to be loaded for it, in order."""


def find_lua(nginx: Nginx, build: Build) -> Lua:
    """Try it built in, then from the folder of nginx's modules. Raises OSError as writing does."""
    packaged = tuple(f"{build.modules_path}/{name}" for name in _MODULES)
    for modules in ((), packaged, packaged[1:]):
        if _works(nginx, modules):
            return Lua(works=True, modules=modules)
    return Lua()


def _works(nginx: Nginx, modules: tuple[str, ...]) -> bool:
    volume = Volume(nginx.prefix)
    volume.temp.mkdir(parents=True, exist_ok=True)
    conf = volume.live.with_name(".lua.conf")
    conf.parent.mkdir(parents=True, exist_ok=True)
    load = "".join(f'load_module "{module}";\n' for module in modules)
    pid = conf.with_name(".lua.pid")
    text = _TRIAL.format(load=load, pid=pid, temp=volume.temp, works=_WORKS)
    write_atomically(conf, text.encode())
    try:
        return _ended_with(nginx, conf) == _WORKS
    finally:
        for file in (conf, pid):
            file.unlink(missing_ok=True)


def _ended_with(nginx: Nginx, conf: Path) -> int | None:
    """Return its exit status; None where it cannot be run, or does not end."""
    command = [nginx.binary, "-c", str(conf), "-p", str(nginx.prefix), "-e", os.devnull]
    if nginx.directives:
        command += ["-g", nginx.directives]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=nginx.timeout_s,
            check=False,
        ).returncode
    return None
