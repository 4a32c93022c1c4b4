"""A pair that is done harm to, clients that ask an old host all the while, and newcomers.

A newcomer is an Ingress of a good tenant, written during a fault or after it. What
counts: how many requests to the old host fail, and when the newcomer is served.
"""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from tests.drivers.ingresses import ingress, ingress_class, rule
from tests.drivers.keepalive_clients import Clients, Tally
from tests.drivers.pair import Child, Pair
from tests.lab.backend import Backend
from tests.lab.client import Object
from tests.lab.objects import endpoint_slice, service
from tests.lab.waiting import eventually

OLD = "old.test"
SERVED_WITHIN_S = 5.0
CLIENTS = 8
_numbers = itertools.count(1)


class Scene:
    """A context manager: `pillion up` on a folder with one old host, which is served."""

    def __init__(self, scratch: Path, *flags: str, prefix: Sequence[str] = ()) -> None:
        self.figures: list[tuple[str, float]] = []
        """Seconds that were measured, by what they are."""
        self.volume = scratch / "volume"
        self.manifests = scratch / "manifests"
        self.pair = Pair(scratch, [f"--manifests={self.manifests}", *flags])
        self._prefix = prefix
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._backend = self._running.enter_context(Backend("echo", "127.0.0.1"))
        self.manifests.mkdir()
        self.write("class", ingress_class("nginx", default=True))
        self.write("echo", service("echo"), endpoint_slice("echo", self._backend))
        self.write("old", ingress(rule(OLD, ("Prefix", "/", "echo")), name="old"))
        self._running.callback(self.pair.kill)
        self.pair.start(self._prefix)
        self.pair.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def traffic(self) -> AbstractContextManager[Tally]:
        """Clients of the old host, on connections that they keep, until the `with` ends."""
        return Clients(self.pair.http_port, OLD, clients=CLIENTS).running()

    def lasts(self, requests: int = 100) -> None:
        """Waits until clients had so many more answers: so long a fault lasts at least."""
        enough = len(self._backend.seen) + requests
        eventually(lambda: len(self._backend.seen) >= enough)

    def newcomer(self) -> str:
        """Writes the Ingress of a host that was not there; gives the host."""
        host = f"newcomer-{next(_numbers)}.test"
        self.write(host, ingress(rule(host, ("Prefix", "/", "echo")), name=host))
        return host

    def serves(self, host: str) -> None:
        """Waits until the host is served, 5 s at most."""
        self.takes("served", lambda: self.pair.get(host).status == 200)

    def serves_a_newcomer(self) -> None:
        """Who comes now is served within 5 s."""
        self.serves(self.newcomer())

    def takes(self, what: str, condition: Callable[[], object]) -> None:
        """Waits for the condition, 5 s at most, and notes how long it took."""
        began = time.monotonic()
        eventually(condition, within_s=SERVED_WITHIN_S, every_s=0.02)
        self.figures.append((what, round(time.monotonic() - began, 2)))

    def workers(self) -> list[Child]:
        """nginx's workers that take connections."""
        named = [p for p in self.pair.processes() if p.command.startswith("nginx: worker process")]
        return [worker for worker in named if "shutting down" not in worker.command]

    def write(self, name: str, *things: Object) -> None:
        """Has the manifests of that name say this."""
        scratch = self.manifests.with_name("scratch.yaml")
        scratch.write_text("\n---\n".join(json.dumps(thing) for thing in things))
        scratch.rename(self.manifests / f"{name}.yaml")
