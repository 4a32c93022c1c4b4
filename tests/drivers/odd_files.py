"""What somebody may put in the place of a file to harm whoever reads it."""

import errno
import os
import resource
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

TERABYTE = 1 << 40
ATTEMPTS = 100
IN_THE_WAY = {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY}


def _socket(path: Path) -> None:
    """Its own path may be too long for a socket's address, a relative one is not."""
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(path.parent, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(TERABYTE)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "in-the-way").touch()


_LONG = b"9" * 100_000
ODD: dict[str, Callable[[Path], None]] = {
    "folder": _folder,
    "fifo": os.mkfifo,
    "socket": _socket,
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "holes": _holes,
    "bytes": lambda path: _write(path, b"\xff\xfe\0{" * 100),
    "nested": lambda path: _write(path, b"[" * 1_000_000),
    "number": lambda path: _write(path, b'{"generation": ' + _LONG + b"}"),
    "numbered": lambda path: _write(
        path, b"# pillion generation %b sha256 %b\n" % (_LONG, b"0" * 64)
    ),
}


def put(kind: str, path: Path) -> None:
    """Puts it there by a rename, as an intruder would, however often the place is mended meanwhile.

    It is made elsewhere, since what has no business on a volume is soon tidied away.
    """
    with TemporaryDirectory() as elsewhere:
        made = Path(elsewhere, path.name)
        ODD[kind](made)
        for _ in range(ATTEMPTS):
            _make_room(path, whole=kind == "folder")
            try:
                made.rename(path)
            except OSError as error:
                if error.errno not in IN_THE_WAY:
                    raise
            else:
                return
    raise AssertionError(f"{path} was mended {ATTEMPTS} times before {kind} was there")


def _make_room(path: Path, *, whole: bool) -> None:
    """Remove what no rename replaces: a folder, and before one is put there anything."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif whole:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """This process can write no more into one file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
