"""The shared volume: its layout, and the messages that cross it.

The generator writes a **wish** (`next/nginx.conf` and the `files/` it names), and where
nginx can take endpoints without a reload, these (`next/endpoints`), before the first wish
that needs them; the reloader answers both in `live/status.json`. Standard library only, so
that whoever reads the volume needs nothing of ours but this file.
"""

import dataclasses
import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

T = TypeVar("T")

OLDEST_NGINX = (1, 27, 4)
"""The first with `keepalive_min_timeout`: without it a reload loses idle connections."""
OLDEST_NGINX_TEXT = ".".join(map(str, OLDEST_NGINX))

LARGEST_BYTES = 1 << 27
"""Of one file on the volume; what the chart gives to all of them is twice as much."""
LARGEST_STATUS_BYTES = 1 << 20
_LONGEST_NUMBER = 18
"""Digits. Reading a number takes time by the square of its length."""

_HEADER = re.compile(rb"# pillion generation (\d{1,18}) sha256 ([0-9a-f]{64})\n")
_ENDPOINTS_HEADER = re.compile(rb"# pillion endpoints (\d{1,18}) sha256 ([0-9a-f]{64})\n")
_ENDPOINTS_LINE = re.compile(
    r"([A-Za-z0-9._-]+)((?: (?:[0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5})+)", re.ASCII
)


@dataclass(frozen=True)
class Volume:
    """Where everything lies on the shared volume."""

    root: Path

    @property
    def wish(self) -> Path:
        """The configuration that the generator wants; renamed into place."""
        return self.root / "next" / "nginx.conf"

    @property
    def endpoints(self) -> Path:
        """The endpoints that the generator wants; renamed into place."""
        return self.root / "next" / "endpoints"

    @property
    def live_endpoints(self) -> Path:
        """The endpoints that nginx has, and reads itself when it starts or reloads."""
        return self.root / "live" / "endpoints"

    @property
    def endpoints_key(self) -> Path:
        """What nginx asks of whoever gives it endpoints. Its user's and the reloader's alone."""
        return self.root / "live" / "endpoints.key"

    @property
    def files(self) -> Path:
        """Certificates and the like, each named by the SHA-256 of its bytes."""
        return self.root / "files"

    @property
    def live(self) -> Path:
        """The configuration that nginx reads: a wish that passed `nginx -t`."""
        return self.root / "live" / "nginx.conf"

    @property
    def status(self) -> Path:
        """The reloader's answer to the newest wish it has tried."""
        return self.root / "live" / "status.json"

    @property
    def check(self) -> Path:
        """A configuration that is only to be checked, in the form of a wish; never served."""
        return self.root / "next" / "check.conf"

    @property
    def checked(self) -> Path:
        """The reloader's answer to it, in the form of a status."""
        return self.root / "live" / "check.json"

    @property
    def pid(self) -> Path:
        """Where nginx writes its master's pid. A hint: a killed nginx leaves it behind."""
        return self.root / "run" / "nginx.pid"

    @property
    def temp(self) -> Path:
        """Where nginx keeps bodies that it buffers on disk."""
        return self.root / "run" / "temp"


@dataclass(frozen=True)
class Wish:
    """One `nginx.conf` with its header line taken apart."""

    generation: int
    hash: str
    """SHA-256, hexadecimal, of all bytes after the header line."""
    body: bytes

    @classmethod
    def of(cls, generation: int, body: bytes) -> Self:
        """Wish for `body` under this generation number."""
        return cls(generation, hashlib.sha256(body).hexdigest(), body)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Take a file apart. Raises ContractError where the header or the hash is off."""
        return cls(*_taken_apart(text, _HEADER, "generation"))

    def encode(self) -> bytes:
        """Return the whole file: header line and body."""
        return f"# pillion generation {self.generation} sha256 {self.hash}\n".encode() + self.body


@dataclass(frozen=True)
class Endpoints:
    """The endpoints of each upstream that takes them without a reload."""

    version: int
    """Only grows, over restarts too; has nothing to do with a wish's generation."""
    hash: str
    """SHA-256, hexadecimal, of all bytes after the header line."""
    body: bytes
    """A line for each upstream: its name, and `ADDRESS:PORT` after a blank, one or more."""

    @classmethod
    def of(cls, version: int, body: bytes) -> Self:
        """Make the message of this version."""
        return cls(version, hashlib.sha256(body).hexdigest(), body)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Take a file apart. Raises ContractError where header, hash or a line is off."""
        found = cls(*_taken_apart(text, _ENDPOINTS_HEADER, "endpoints"))
        found.by_upstream()
        return found

    def encode(self) -> bytes:
        """Return the whole file: header line and body."""
        return f"# pillion endpoints {self.version} sha256 {self.hash}\n".encode() + self.body

    @property
    def token(self) -> str:
        """What nginx calls them by."""
        return f"{self.version}-{self.hash[:16]}"

    def by_upstream(self) -> dict[str, str]:
        """Return the rest of each line by its name. Raises ContractError for another form."""
        found = {}
        for number, line in enumerate(self.body.decode("ascii", "replace").splitlines(), start=2):
            parts = _ENDPOINTS_LINE.fullmatch(line)
            if parts is None:
                raise ContractError(f"line {number} is not a name and its endpoints")
            found[parts[1]] = parts[2]
        return found


def _taken_apart(text: bytes, pattern: re.Pattern[bytes], kind: str) -> tuple[int, str, bytes]:
    header = pattern.match(text)
    if header is None:
        raise ContractError(f"the first line is not `# pillion {kind} N sha256 HEX`")
    body = text[header.end() :]
    if hashlib.sha256(body).hexdigest() != header[2].decode():
        raise ContractError("the hash in the first line is not that of the rest")
    return int(header[1]), header[2].decode(), body


class ContractError(ValueError):
    """A file on the volume is not what the contract says."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What became of a wish, and what nginx is. The content of `live/status.json`."""

    generation: int
    """The wish that this answers; 0 before the first."""
    hash: str
    applied: bool
    """True once nginx serves it with new workers only; False where it was refused."""
    serving: int
    """The generation that nginx serves now; after a refusal the one before."""
    stage: str = ""
    """Where it was refused: `check` (`nginx -t` says no, so it is the wish's fault), `blocked`
    (`nginx -t` was killed, starved or kept out of something, so it says nothing about the wish)
    or `reload` (nginx did not come to serve what it had accepted). After the last two another
    try may go well. `accepted` is said of what was only to be checked."""
    message: str = ""
    """nginx's own words where it was refused, or what kept it from being served; else empty."""
    file: str = ""
    line: int = 0
    """The place in the wish that nginx's message names (0: none)."""
    durations: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage: `seen` (file written to noticed), `check` (`nginx -t`), `reload` (put
    in place and signalled), `verify` (signalled to served by new workers only)."""
    nginx_version: str = ""
    nginx_modules: tuple[str, ...] = ()
    """As in `nginx -V`, without `--with-` and `--add-module=`: `http_v2_module`,
    `headers-more-nginx-module-0.40`; `http_geoip_module=dynamic` has to be loaded first."""
    endpoints: int = 0
    """The version of the endpoints that nginx has; 0 before the first, or where it takes none."""
    lua: bool = False
    """Whether nginx can take endpoints without a reload: its Lua module works, which was tried."""
    lua_modules: tuple[str, ...] = ()
    """What has to be loaded for it, in order; nothing where it is built in."""
    started_workers: tuple[int, ...] = ()
    """The pids of the workers that the reload started."""
    draining: int = 0
    """How many workers of earlier configurations still finish what they have begun."""
    takes_checks: bool = False
    """Whether this reloader answers `next/check.conf`; earlier ones do not look at it."""

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a status file. Raises ContractError where it is not one."""
        try:
            told = json.loads(text, parse_int=_number)
            known = {f.name for f in dataclasses.fields(cls)}
            fields = {name: value for name, value in told.items() if name in known}
            for name in ("nginx_modules", "lua_modules", "started_workers"):
                fields[name] = tuple(fields.get(name, ()))
            status = cls(**fields)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ContractError(f"not a status: {error}") from error
        if not status._is_sound():
            raise ContractError("not a status: a value is of another type than it should be")
        return status

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return json.dumps(dataclasses.asdict(self), indent=1).encode() + b"\n"

    def _is_sound(self) -> bool:
        counts = (self.generation, self.serving, self.endpoints, self.line, self.draining)
        numbers = (*counts, *self.started_workers)
        words = (self.hash, self.stage, self.message, self.file)
        texts = (*words, self.nginx_version, *self.nginx_modules, *self.lua_modules)
        return (
            isinstance(self.applied, bool)
            and isinstance(self.takes_checks, bool)
            and isinstance(self.lua, bool)
            and all(type(number) is int and number >= 0 for number in numbers)
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(ms, int | float) for ms in dict(self.durations).values())
        )


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` by `content` so that a reader sees the old or the new, never a part.

    Written to a temporary name beside it, fsynced, renamed; whatever stands in either place
    gives way, unread. Raises OSError, with the temporary file taken away again, where the
    volume is full or read-only.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    remove(temporary)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _move(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Delete what stands there, a folder with all that it holds."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        if not path.is_dir():
            raise
        shutil.rmtree(path)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except IsADirectoryError:
        remove(target)
        source.replace(target)


def read_bytes(path: Path, most: int = LARGEST_BYTES, *, through_links: bool = False) -> bytes:
    """Return the bytes of a file that another user may have put there.

    Raises ContractError for all but a regular file of at most so many bytes: reading a FIFO
    would wait for ever, and a device or a file with holes would fill the memory. Raises
    OSError where it is not there or cannot be read.
    """
    with os.fdopen(_opened(path, 0 if through_links else os.O_NOFOLLOW), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ContractError("it is not a regular file")
        # One byte more, since a file may grow while it is read.
        content = file.read(most + 1) if status.st_size <= most else b""
    if max(status.st_size, len(content)) > most:
        raise ContractError(f"it is larger than {most} bytes")
    return content


def _opened(path: Path, more: int) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | more)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise ContractError("it is not a regular file") from error
        raise


def read_or_none(path: Path, parse: Callable[[bytes], T], most: int = LARGEST_BYTES) -> T | None:
    """Parse the file; None where it cannot be read or is not what the contract says."""
    try:
        return parse(read_bytes(path, most))
    except (OSError, ValueError):
        return None


def read_status(path: Path) -> Status | None:
    """Return an answer of the reloader; None where there is none."""
    return read_or_none(path, Status.parse, LARGEST_STATUS_BYTES)


def _number(text: str) -> int:
    """Read an integer of JSON, none so long that reading it takes long."""
    if len(text) > _LONGEST_NUMBER:
        raise ContractError("a number is longer than any that is written here")
    return int(text)


class Stamp(NamedTuple):
    """Differs where a file was replaced or changed, without reading it."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    """When it was written or renamed, whichever was last."""

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the stamp of a file whose status is known already."""
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        return Stamp.of(path.lstat())
    except FileNotFoundError:
        return None
