"""`pillion up` on a folder with one shop, behind it one backend."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import Pair
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, service
from tests.lab.waiting import eventually

SERVED_WITHIN_S = 10


@dataclass
class Shop:
    """A folder of manifests; `has` writes the paths of shop.test that are served."""

    folder: Path
    backend: Backend

    def has(self, *paths: str) -> None:
        rules = [rule("shop.test", *(("Prefix", path, "shop") for path in paths))]
        things = [
            ingress(*rules, name="shop"),
            service("shop"),
            endpoint_slice("shop", self.backend),
        ]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "shop.yaml").write_text("\n---\n".join(map(json.dumps, things)))


@pytest.fixture
def shop(tmp_path):
    with Backend("shop", "127.0.0.1") as backend:
        shop = Shop(tmp_path / "manifests", backend)
        shop.has("/a")
        yield shop


@pytest.fixture
def pair(shop, tmp_path):
    """Not started yet."""
    pair = Pair(tmp_path / "pair", ["--manifests", shop.folder])
    yield pair
    if pair.has_started:
        pair.kill()


@pytest.fixture
def serves(pair):
    """Waits until this path of shop.test is answered by the shop."""

    def of(path):
        eventually(lambda: pair.get("shop.test", path).status == 200, within_s=SERVED_WITHIN_S)

    return of
