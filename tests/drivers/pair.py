"""Runs `pillion up` as a user would: a process with flags, ports, a volume and a log."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sys import executable
from typing import Any, Self

from reloader.contract import Status, Volume, Wish, read_or_none
from tests.drivers.keepalive_clients import Clients, Tally
from tests.drivers.web import Reply, Web
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

READY_WITHIN_S = 20
COMMAND = str(Path(executable).with_name("pillion"))


@dataclass(frozen=True)
class Child:
    """One process below `pillion up`."""

    pid: int
    command: str

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def is_running(self) -> bool:
        return _state(self.pid) not in {"", "Z", "X"}


@dataclass
class Pair:
    """`pillion up` in a folder of its own; ready inside the `with`, gone after it.

    `flags` say what is served: `--manifests DIR` or `--kubeconfig FILE`, and more.
    """

    folder: Path
    flags: Sequence[str]
    http_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    status_port: int = field(default_factory=free_port)
    healthz_port: int = field(default_factory=free_port)
    ready_within_s: float = READY_WITHIN_S
    _up: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._up is not None and self._up.popen.poll() is None:
            self.stop()

    @property
    def has_started(self) -> bool:
        return self._up is not None

    @property
    def volume(self) -> Path:
        return self.folder / "volume"

    @property
    def log(self) -> Path:
        return self.folder / "pair.log"

    @property
    def command(self) -> list[str]:
        ports = ("http", "https", "status", "healthz")
        ports_given = [f"--{port}-port={getattr(self, f'{port}_port')}" for port in ports]
        return [COMMAND, "up", f"--volume={self.volume}", *ports_given, *map(str, self.flags)]

    @property
    def up(self) -> Process:
        """The process of `pillion up` itself."""
        assert self._up is not None, "not started"
        return self._up

    @property
    def web(self) -> Web:
        return Web(self.http_port, self.https_port)

    def start(self, prefix: Sequence[str] = ()) -> None:
        """Starts it, by the program `prefix` if there is one, and returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._up = Process.start("pillion up", [*prefix, *self.command], self.log)

    def wait_ready(self) -> None:
        """Returns when /readyz says 200; fails at once when `pillion up` has ended."""

        def is_ready() -> bool:
            self.up.check_alive()
            return self.readyz() == 200

        eventually(is_ready, within_s=self.ready_within_s, every_s=0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 20) -> int:
        """Ends it as a user would; gives its exit status. Nothing may be left behind."""
        children = self.processes()
        self.up.signal(number)
        status = self.up.popen.wait(timeout=within_s)
        left = [child for child in children if child.is_running()]
        assert not left, f"still running after the end: {left}"
        return status

    def kill(self) -> None:
        """kill -9 of `pillion up`; the kernel ends its children."""
        if self._up is not None:
            self._up.kill()

    def readyz(self) -> int:
        return Web(self.status_port).status("http://status/readyz")

    def get(self, host: str, path: str = "/", scheme: str = "http") -> Reply:
        return self.web.ask(f"{scheme}://{host}{path}")

    def process(self, name: str) -> Child:
        """The running `generator`, `reloader` or `nginx` (its master)."""
        found = [c for c in _children(self.up.popen.pid) if _is(c, name) and c.is_running()]
        assert found, f"no {name} runs"
        return found[-1]

    def processes(self) -> list[Child]:
        """Every process below `pillion up`, workers of nginx included."""
        return list(_descendants(self.up.popen.pid))

    def is_settled(self) -> bool:
        """Whether every worker serves the newest configuration that nginx has."""
        volume = Volume(self.volume)
        status = read_or_none(volume.status, Status.parse)
        live = read_or_none(volume.live, Wish.parse)
        return bool(status and live and status.serving == live.generation)

    @contextmanager
    def keepalive_clients(self, host: str) -> Iterator[Tally]:
        """Clients that ask for this host until the block ends.

        They begin when all workers are new: earlier ones take new connections for a moment yet.
        """
        eventually(self.is_settled)
        with Clients(self.http_port, host).running() as tally:
            yield tally

    def logs(self, event: str = "") -> list[dict[str, Any]]:
        """The log lines so far, whole ones; only those of one event where it is given."""
        whole = self.log.read_text(errors="replace").rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if event in {"", line.get("event")}]


def _is(child: Child, name: str) -> bool:
    if name == "nginx":
        return child.command.startswith("nginx: master process")
    return f"-m {name} " in child.command


def _children(pid: int) -> list[Child]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [Child(int(each), _command(int(each))) for each in listed]


def _descendants(pid: int) -> list[Child]:
    children = _children(pid)
    return children + [each for child in children for each in _descendants(child.pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""
