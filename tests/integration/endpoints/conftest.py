"""A served folder whose nginx has Lua, so that endpoints need no reload."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from reloader.contract import Status, Volume
from tests.drivers.ingresses import ingress, rule
from tests.drivers.served_folder import Site
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, service
from tests.lab.ports import free_port
from tests.lab.waiting import eventually


class Shop:
    """One Service, and the Backends that it has, all on one port."""

    host = "shop.test"

    def __init__(self, site: Site, running: ExitStack) -> None:
        self.site, self.port = site, free_port()
        self._running = running
        self._addresses = (f"127.0.0.{number}" for number in itertools.count(10))

    @property
    def volume(self) -> Volume:
        return Volume(self.site.pair.volume)

    @property
    def status(self) -> Status:
        return Status.parse(self.volume.status.read_bytes())

    def pod(self, name: str) -> Backend:
        return self._running.enter_context(Backend(name, next(self._addresses), self.port))

    def things(self, *pods: Backend, **annotations: str) -> list[object]:
        route = rule(self.host, ("Prefix", "/", "shop"))
        shop = ingress(route, annotations={k.replace("_", "-"): v for k, v in annotations.items()})
        return [shop, service("shop"), endpoint_slice("shop", *pods)]

    def serves(self, *pods: Backend, **annotations: str) -> None:
        """Served from now on, whatever it takes."""
        self.site.write(self.things(*pods, **annotations))

    def rolls_out(self, *pods: Backend) -> None:
        """Other endpoints, and nothing else; returns once nginx has them."""
        before = self.status.endpoints
        self.site.rewrite(self.things(*pods))
        eventually(lambda: self.status.endpoints > before, within_s=10, every_s=0.005)

    def answers(self, times: int = 6) -> list[str | int]:
        return [self.site.answers(f"http://{self.host}/") for _ in range(times)]


@pytest.fixture(scope="module")
def new_shop(tmp_path_factory, lua) -> Iterator[Callable[..., Shop]]:
    with ExitStack() as running:

        def make(*flags: str) -> Shop:
            folder = tmp_path_factory.mktemp("shop")
            site = running.enter_context(Site(folder, f"--nginx-bin={lua}", *flags))
            return Shop(site, running)

        yield make


@pytest.fixture(scope="module")
def shop(new_shop) -> Shop:
    return new_shop()
