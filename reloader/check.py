"""Asks the nginx program for its version (`nginx -V`) and to test a file (`nginx -t`).

Never starts a server. Raises ReloaderError where there is no answer for a reason other
than the file.
"""

import os
import re
import resource
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reloader.contract import OLDEST_NGINX, OLDEST_NGINX_TEXT, Volume
from reloader.errors import ReloaderError
from reloader.log_events import Event
from reloader.verdict import Blocked, Checked, Refusal, Verdict, ending, judge
from reloader.wakeup import Wake

NEEDED = ("http_ssl_module", "http_v2_module")
NEEDED_BY_DEFAULT = (
    *("access", "geo", "limit_conn", "limit_req", "map", "proxy", "rewrite"),
    *("upstream_keepalive", "upstream_zone"),
)
"""Modules that nginx has unless it was built without them."""

_LOOK_ASIDE_S = 0.01
"""How often to do what else there is while nginx checks."""

_VERSION = re.compile(r"^nginx version: \S+?/(\d+(?:\.\d+)+)", re.MULTILINE)
_MEMORY_LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
_OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")
_NEVER = "2"
_ARGUMENTS = re.compile(r"^configure arguments:(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Nginx:
    """The nginx program, and how it is called."""

    binary: str
    directives: str
    """What `-g` gets, such as `user root;`."""
    prefix: Path
    timeout_s: float

    @property
    def run(self) -> Path:
        """The folder that nginx writes to."""
        return Volume(self.prefix).pid.parent


@dataclass(frozen=True)
class Build:
    """The answer to `nginx -V`."""

    version: str
    modules: tuple[str, ...] = ()
    modules_path: str = "modules"
    """The folder of modules that are loaded as nginx starts."""

    @property
    def why_unsuitable(self) -> str:
        """Why it cannot serve our configurations; empty where it can."""
        if tuple(map(int, self.version.split("."))) < OLDEST_NGINX:
            return (
                f"it is {self.version}; "
                f"{OLDEST_NGINX_TEXT} is the oldest that reloads without a loss"
            )
        lacking = [module for module in NEEDED if module not in self.modules]
        named = [f"http_{name}_module" for name in NEEDED_BY_DEFAULT]
        lacking += [module for module in named if f"without-{module}" in self.modules]
        return f"it was built without {' and '.join(lacking)}" if lacking else ""


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
    if answer.returncode:
        reason = f"its answer to -V ended {ending(answer.returncode)}"
        raise ReloaderError(Event.NGINX_MISSING, f"{nginx.binary}: {reason}")
    return parse_build(answer.stderr)


def parse_build(said: str) -> Build:
    """Parse the answer to `nginx -V`."""
    version, arguments = _VERSION.search(said), _ARGUMENTS.search(said)
    if version is None:
        raise ReloaderError(Event.NGINX_MISSING, "its answer to -V is not one of nginx's")
    given = shlex.split(arguments[1]) if arguments else []
    return Build(version[1], tuple(_modules(given)), _modules_path(given))


def check(
    nginx: Nginx, conf: Path, wake: Wake, meanwhile: Callable[[], None] = lambda: None
) -> Verdict | None:
    """Run `nginx -t` on the file. Return None where nginx accepts it.

    A refusal has to repeat: one that the second check does not confirm proves nothing.
    `meanwhile` is called again and again until it has ended.
    """
    first = _check_once(nginx, conf, wake, meanwhile)
    if not isinstance(first, Refusal):
        return first
    second = _check_once(nginx, conf, wake, meanwhile)
    if isinstance(second, Refusal) and second != first:
        return Blocked(f"nginx -t said {first.message!r}, and then {second.message!r}")
    return second


def _check_once(
    nginx: Nginx, conf: Path, wake: Wake, meanwhile: Callable[[], None]
) -> Verdict | None:
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
        try:
            said = _read_output(process, nginx.timeout_s, wake, meanwhile)
        except BaseException:
            process.kill()
            raise
        lacks_memory = _lacks_memory(process.pid)
        if said is None:
            process.kill()
    if wake.stopping:
        raise ReloaderError(Event.STOPPED, "the reloader ends")
    if said is None:
        return Blocked(f"nginx -t had no answer within {nginx.timeout_s:g} s")
    if process.returncode == 0:
        return None
    checked = Checked(conf.read_bytes(), str(nginx.run), lacks_memory)
    return judge(said, process.returncode, checked)


def _lacks_memory(pid: int) -> bool:
    """Whether a process may be denied memory, and not killed for it as by a cgroup's limit."""
    try:
        limits = [resource.prlimit(pid, kind)[0] for kind in _MEMORY_LIMITS]
        is_strict = _OVERCOMMIT.read_text().strip() == _NEVER
    except OSError:
        return False
    return is_strict or any(limit != resource.RLIM_INFINITY for limit in limits)


def _read_output(
    process: subprocess.Popen[bytes],
    timeout_s: float,
    wake: Wake,
    meanwhile: Callable[[], None],
) -> str | None:
    """Return all of its output; None where it does not end in time."""
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    source = process.stderr.fileno()
    os.set_blocking(source, False)
    said = b""
    deadline = time.monotonic() + timeout_s
    while (left_s := deadline - time.monotonic()) > 0 and not wake.stopping:
        wake.pause(min(left_s, _LOOK_ASIDE_S), source)
        meanwhile()
        try:
            part = os.read(source, 65536)
        except BlockingIOError:
            continue
        if not part:
            return said.decode(errors="replace")
        said += part
    return None


def _modules(arguments: Sequence[str]) -> Iterator[str]:
    """Return the modules by their names, and those that were left out with `without-` before."""
    for argument in arguments:
        if argument.startswith("--without-"):
            yield argument.removeprefix("--")
        for prefix in ("--with-", "--add-module="):
            if argument.startswith(prefix):
                yield argument.removeprefix(prefix)


def _modules_path(arguments: Sequence[str]) -> str:
    told = dict(argument.partition("=")[::2] for argument in arguments)
    prefix = told.get("--prefix", "/usr/local/nginx")
    return told.get("--modules-path") or f"{prefix}/modules"


def _missing(nginx: Nginx, error: Exception) -> ReloaderError:
    reason = error.strerror if isinstance(error, OSError) else "it does not answer"
    return ReloaderError(Event.NGINX_MISSING, f"{nginx.binary}: {reason}")
