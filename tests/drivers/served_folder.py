"""A folder of manifests that a pair serves, and the backends that it names.

Objects in, answers out: `holds` says what the folder has, whole, and returns once
nginx serves it with new workers only; `answers` asks.
"""

import itertools
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from reloader.contract import Status, Volume, Wish, read_or_none
from tests.drivers import ingresses
from tests.drivers.pair import Pair
from tests.drivers.web import Web
from tests.lab.backend import Backend
from tests.lab.client import Object
from tests.lab.objects import endpoint_slice, service
from tests.lab.waiting import eventually

SERVED_WITHIN_S = 10
CLASS = ingresses.ingress_class("nginx", default=True)
_numbers = itertools.count(1)


class Site:
    """A context manager: `pillion up` on a folder that holds nothing yet."""

    def __init__(self, scratch: Path, *flags: str) -> None:
        self.folder = scratch / "manifests"
        self.pair = Pair(scratch, [f"--manifests={self.folder}", *flags])
        self._backends: dict[str, Backend] = {}
        self._running = ExitStack()
        self._held = ""
        self._mark = ""

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self._running.enter_context(self.pair)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def web(self) -> Web:
        """The outside of the pair."""
        return self.pair.web

    @property
    def generation(self) -> int:
        """What nginx serves; one more after every reload."""
        status = read_or_none(Volume(self.pair.volume).status, Status.parse)
        return status.serving if status else 0

    def holds(self, *things: Object) -> None:
        """From now on the folder holds these objects and nothing else, and that is served.

        A Service that an Ingress names and nobody gives comes by itself, with a
        backend of that name.
        """
        given = {thing["metadata"]["name"] for thing in things if thing["kind"] == "Service"}
        missing = [name for name in ingresses.services(things) if name not in given]
        whole = [*things, *(each for name in missing for each in self.published(name))]
        text = json.dumps(whole)
        if text != self._held:
            self.write(whole)
            self._held = text

    def published(self, name: str) -> list[Object]:
        """A Service and its EndpointSlice, with the backend of that name behind them."""
        return [service(name), endpoint_slice(name, self.backend(name))]

    def backend(self, name: str, address: str = "127.0.0.1") -> Backend:
        """The backend of that name; it runs from its first use on."""
        if name not in self._backends:
            self._backends[name] = self._running.enter_context(Backend(name, address))
        return self._backends[name]

    def answers(self, url: str) -> str | int:
        """Which backend answers; the status where it is not one that says 200."""
        reply = self.web.ask(url)
        return str(reply.echo["backend"]) if reply.status == 200 else reply.status

    def problem(self, code: str) -> str:
        """What the log tells of a problem of that kind, as soon as it does."""
        return eventually(
            lambda: "".join(str(p) for p in self.pair.logs() if p.get("code") == code)
        )

    def write(self, things: list[Object]) -> None:
        """Writes the folder's one file; a host that only this version has tells when it is live."""
        self._mark = mark = f"version-{next(_numbers)}.test"
        self.rewrite(things)
        eventually(lambda: self._is_live(mark), within_s=SERVED_WITHIN_S, every_s=0.01)

    def rewrite(self, things: list[Object]) -> None:
        """Writes the folder's one file, and returns at once."""
        rule = ingresses.rule(self._mark, ("Prefix", "/", "beacon"))
        beacon = ingresses.ingress(rule, name="beacon")
        documents = [CLASS, *things, beacon, *self.published("beacon")]
        scratch = self.folder.with_name("scratch.yaml")
        scratch.write_text("\n---\n".join(json.dumps(document) for document in documents))
        scratch.rename(self.folder / "site.yaml")

    def _is_live(self, mark: str) -> bool:
        volume = Volume(self.pair.volume)
        status = read_or_none(volume.status, Status.parse)
        live = read_or_none(volume.live, Wish.parse)
        if not (status and live and status.serving == live.generation):
            return False
        return mark.encode() in live.body
