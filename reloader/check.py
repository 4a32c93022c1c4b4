"""Asks the nginx program for its version (`nginx -V`) and to test a file (`nginx -t`).

Never starts a server. Raises ReloaderError where there is no answer for a reason other
than the file.
"""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reloader.contract import OLDEST_NGINX, OLDEST_NGINX_TEXT
from reloader.errors import ReloaderError
from reloader.log_events import Event
from reloader.wakeup import Wake

NEEDED = ("http_ssl_module", "http_v2_module")

_VERSION = re.compile(r"^nginx version: \S+?/(\d+(?:\.\d+)+)", re.MULTILINE)
_ARGUMENTS = re.compile(r"^configure arguments:(.*)$", re.MULTILINE)
_ERROR = re.compile(r"\[emerg\] (?:\d+#\d+: )?(.*)")
_PLACE = re.compile(r"(?P<message>.*) in (?P<file>/.*):(?P<line>\d+)")
_BLOCKED = re.compile(
    r"^(?:mkdir|chown)\(\) |"
    r"^(?:socket\(\)|bind\(\)|setsockopt\(|listen\(\))|"
    r"\((?:23|24|28|30|122): "  # ENFILE, EMFILE, ENOSPC, EROFS, EDQUOT
)


@dataclass(frozen=True)
class Nginx:
    """The nginx program, and how it is called."""

    binary: str
    directives: str
    """What `-g` gets, such as `user root;`."""
    prefix: Path
    timeout_s: float


@dataclass(frozen=True)
class Build:
    """The answer to `nginx -V`."""

    version: str
    modules: tuple[str, ...] = ()

    @property
    def why_unsuitable(self) -> str:
        """Why it cannot serve our configurations; empty where it can."""
        if tuple(map(int, self.version.split("."))) < OLDEST_NGINX:
            return (
                f"it is {self.version}; "
                f"{OLDEST_NGINX_TEXT} is the oldest that reloads without a loss"
            )
        lacking = [module for module in NEEDED if module not in self.modules]
        return f"it was built without {' and '.join(lacking)}" if lacking else ""


@dataclass(frozen=True)
class Refusal:
    """nginx's error message, parsed."""

    message: str
    file: str = ""
    line: int = 0


def ask_build(nginx: Nginx) -> Build:
    """Run `nginx -V` and return its answer."""
    try:
        answer = subprocess.run(
            [nginx.binary, "-V"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=nginx.timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(nginx, error) from error
    return parse_build(answer.stderr)


def parse_build(said: str) -> Build:
    """Parse the answer to `nginx -V`."""
    version, arguments = _VERSION.search(said), _ARGUMENTS.search(said)
    if version is None:
        raise ReloaderError(Event.NGINX_MISSING, "its answer to -V is not one of nginx's")
    return Build(version[1], tuple(_modules(arguments[1] if arguments else "")))


def check(nginx: Nginx, conf: Path, wake: Wake) -> Refusal | None:
    """Run `nginx -t` on the file. Return None where nginx accepts it."""
    command = [nginx.binary, "-t", "-c", str(conf), "-p", str(nginx.prefix), "-e", "stderr"]
    if nginx.directives:
        command += ["-g", nginx.directives]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise _missing(nginx, error) from error
    with process:
        said = _read_output(process, nginx.timeout_s, wake)
        if said is None:
            process.kill()
    if wake.stopping:
        raise ReloaderError(Event.STOPPED, "the reloader ends")
    if said is None:
        return Refusal(f"nginx -t had no answer within {nginx.timeout_s:g} s")
    return None if process.returncode == 0 else parse_refusal(said, process.returncode)


def parse_refusal(said: str, returncode: int) -> Refusal:
    """Return nginx's error message, and the place that it names, from its output."""
    error = _ERROR.search(said)
    if error is None:
        return Refusal(_without_message(said, returncode))
    if _BLOCKED.search(error[1]):
        raise ReloaderError(Event.NGINX_CHECK_BLOCKED, error[1])
    place = _PLACE.fullmatch(error[1])
    if place is None:
        return Refusal(error[1])
    return Refusal(place["message"], place["file"], int(place["line"]))


def _read_output(process: subprocess.Popen[bytes], timeout_s: float, wake: Wake) -> str | None:
    """Return all of its output; None where it does not end in time."""
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    source = process.stderr.fileno()
    os.set_blocking(source, False)
    said = b""
    deadline = time.monotonic() + timeout_s
    while (left_s := deadline - time.monotonic()) > 0 and not wake.stopping:
        wake.pause(left_s, source)
        try:
            part = os.read(source, 65536)
        except BlockingIOError:
            continue
        if not part:
            return said.decode(errors="replace")
        said += part
    return None


def _modules(arguments: str) -> Iterator[str]:
    for argument in shlex.split(arguments):
        for prefix in ("--with-", "--add-module="):
            if argument.startswith(prefix):
                yield argument.removeprefix(prefix)


def _without_message(said: str, returncode: int) -> str:
    if returncode < 0:
        return f"nginx -t was ended by {signal.Signals(-returncode).name}"
    return said.strip()[-500:] or f"nginx -t ended with {returncode} and no word"


def _missing(nginx: Nginx, error: Exception) -> ReloaderError:
    reason = error.strerror if isinstance(error, OSError) else "it does not answer"
    return ReloaderError(Event.NGINX_MISSING, f"{nginx.binary}: {reason}")
