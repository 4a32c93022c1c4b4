"""What a node needs from the machine: root, Debian's packages, and a sandbox.

python -m tests.lab.requirements             what is missing, in one line; exit 1
python -m tests.lab.requirements --install   root on Debian or Ubuntu: installs it
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.errors import LabError

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables": "iptables",
    "podman": "podman",
    "debootstrap": "debootstrap",
}
"""Which package brings which program."""


def missing() -> str:
    """Why there can be no node here, and the way out; empty where there can be one."""
    if os.geteuid() != 0:
        return "a node needs root."
    absent = _absent()
    if absent:
        return f"{', '.join(absent)} missing. `make setup-node` installs them."
    sandbox = [sys.executable, "-m", "tests.lab.sandbox", "--", "true"]
    tried = subprocess.run(sandbox, capture_output=True, text=True, check=False)
    return tried.stderr.strip().replace("\n", " ") if tried.returncode else ""


def install() -> None:
    """Has apt-get install what is missing."""
    absent = _absent()
    if not absent:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LabError(f"Install these as root, by your package manager: {' '.join(absent)}")
    print(f"lab: installing {', '.join(absent)}", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *absent]):
        command = ["apt-get", "--quiet", "--quiet", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"apt-get {arguments[0]} did not work:\n{done.stderr}")


def _absent() -> list[str]:
    return [package for program, package in PACKAGES.items() if not _is_there(program)]


def _is_there(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else bool(shutil.which(program))


def main() -> int:
    """Installs where asked to; says what is missing then."""
    try:
        if "--install" in sys.argv[1:]:
            install()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    why = missing()
    if why:
        print(why)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
