"""Checks, before anything starts, what would fail later; each error names a way out."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.settings.command_line import CommandError
from reloader import master
from reloader.contract import Volume


@contextmanager
def owned_volume(path: Path) -> Iterator[Volume]:
    """Create the volume's folder if it is missing, and lock it against every other `pillion up`."""
    volume = Volume(path.absolute())
    lock = _open_lock(volume.root)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"--volume {path} is in use by another pillion up. "
                "Stop that one, or give this one a volume of its own."
            ) from None
        _refuse_running_nginx(volume)
        yield volume
    finally:
        os.close(lock)


def check_port(flag: str, port: int, addresses: tuple[str, ...]) -> None:
    """Raise CommandError where nginx could not listen on the port."""
    for address in addresses:
        try:
            _listen(address, port)
        except PermissionError:
            raise CommandError(
                f"Port {port} ({flag}) may be used by root alone. "
                f"Give one above 1023 by {flag}, such as {flag} {port + 8000}."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Port {port} ({flag}) is in use by another program. "
                    f"Stop that one, or give another port by {flag}."
                ) from None
            # Without IPv6 on this machine nginx is configured to listen on IPv4 alone.
            if address == addresses[0]:
                raise CommandError(
                    f"Port {port} ({flag}) cannot be used: {error.strerror}."
                ) from error


def _open_lock(root: Path) -> int:
    try:
        root.mkdir(parents=True, exist_ok=True)
        return os.open(root / ".pillion-up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise CommandError(
            f"--volume {root} is not a folder. Give one that is, or a new one."
        ) from None
    except OSError as error:
        raise CommandError(
            f"--volume {root} cannot be written: {error.strerror}. Give a folder of your own."
        ) from error


def _refuse_running_nginx(volume: Volume) -> None:
    running = master.find_master(volume)
    if running is not None:
        raise CommandError(
            f"An nginx already runs on --volume {volume.root}, as process {running.pid}. "
            f"End it (kill {running.pid}), or give another volume."
        )


def _listen(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((address, port))
        probe.listen(1)
