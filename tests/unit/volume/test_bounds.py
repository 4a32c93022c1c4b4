"""What is kept for the next process never fills the volume: the largest objects go first."""

import pytest

from generator.translation import LastGood
from generator.volume import persistence
from generator.volume.persistence import Persistence
from reloader.contract import Volume
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import decoded


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence, "_MOST_KNOWN", 10_000)
    volume = Volume(tmp_path)
    volume.wish.parent.mkdir()
    return Persistence(volume)


def test_the_largest_known_objects_are_not_kept_where_all_would_be_too_much(kept):
    sizes = {"a": 2, "b": 100, "c": 3}
    shops = [
        decoded(ingress(rule("a.test", *[("Exact", f"/{n}", "web") for n in range(of)]), name=name))
        for name, of in sizes.items()
    ]
    kept.keep_known(LastGood(ingresses={shop.name: shop for shop in shops}))
    assert [name.name for name in kept.recall().last_good.ingresses] == ["a", "c"]
