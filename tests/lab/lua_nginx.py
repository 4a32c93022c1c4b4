"""Finds an nginx whose Lua module works, or installs Debian's once by debootstrap.

The one on PATH, if it is new enough and has it; else Debian's of a suite whose nginx is new
enough, in a folder of the user's cache, run by chroot in a mount namespace of its own that
shows it this machine's /tmp, /dev and /proc. That needs root and debootstrap.

`python -m tests.lab.lua_nginx` provides it, or says in one line why there is none.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from reloader import check, lua
from reloader.errors import ReloaderError
from tests.lab import binaries
from tests.lab.errors import LabError

SUITE = "sid"
PACKAGES = "nginx-light,libnginx-mod-http-lua"
_SCRIPT = """\
#!/bin/sh
exec unshare --mount sh -c 'mount --bind /tmp {root}/tmp && mount --rbind /dev {root}/dev \\
    && mount --bind /proc {root}/proc && exec chroot {root} /usr/sbin/nginx "$@"' nginx "$@"
"""


@cache
def find() -> str:
    """Return the program. Raises LabError with the way out where there is none."""
    ours = _folder() / "nginx"
    for program in (str(ours) if ours.exists() else None, shutil.which("nginx")):
        if program and _works(program):
            return program
    raise LabError(why_not() or "`python -m tests.lab.lua_nginx` installs it.")


def provide() -> str:
    """Return the program, installed where it is not there. Raises LabError."""
    try:
        return find()
    except LabError:
        if why := why_not():
            raise LabError(why) from None
    _install()
    find.cache_clear()
    return find()


def why_not() -> str:
    """Why it cannot be installed; empty where it can."""
    if os.geteuid() != 0:
        return "an nginx with Lua is installed by root alone."
    lacking = [name for name in ("debootstrap", "unshare", "chroot") if not shutil.which(name)]
    return f"{', '.join(lacking)} missing: `make setup-node` installs them." if lacking else ""


def _install() -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "nginx").exists():
            return
        print(f"lab: installing nginx with Lua of Debian {SUITE}, once", file=sys.stderr)
        root = folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise LabError(f"debootstrap did not work:\n{last}")
        script = folder / "nginx.new"
        script.write_text(_SCRIPT.format(root=root))
        script.chmod(0o755)
        script.rename(folder / "nginx")


def _works(program: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="pillion-lua-", dir="/tmp") as folder:
        directives = "user root;" if os.geteuid() == 0 else ""
        nginx = check.Nginx(program, directives, Path(folder), 20)
        try:
            build = check.ask_build(nginx)
        except ReloaderError:
            return False
        return not build.why_unsuitable and lua.find_lua(nginx, build).works


def _folder() -> Path:
    return binaries.cache() / f"nginx-lua-{SUITE}"


def main() -> int:
    """Provide it."""
    try:
        print(provide())
    except LabError as error:
        print(f"lab: tests of endpoints without a reload are left out: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
