import pytest

from reloader.contract import Volume, Wish
from reloader.live import Live

BOOTSTRAP = Wish.of(0, b"events {}")
EARLIER = Wish.of(3, b"events { }")


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path / "volume")


@pytest.fixture
def live(volume):
    live = Live(volume, BOOTSTRAP)
    live.restore()
    return live


def test_an_empty_volume_gets_the_bootstrap_and_nginxs_folders(volume):
    assert not Live(volume, BOOTSTRAP).restore()
    assert Wish.parse(volume.live.read_bytes()) == BOOTSTRAP
    assert volume.temp.is_dir()


def test_what_an_earlier_reloader_left_stays(volume):
    volume.live.parent.mkdir(parents=True)
    volume.live.write_bytes(EARLIER.encode())
    live = Live(volume, BOOTSTRAP)
    assert not live.restore()
    assert live.wish == live.good == EARLIER


def test_what_cannot_be_from_a_reloader_is_replaced(volume):
    volume.live.parent.mkdir(parents=True)
    volume.live.write_bytes(b"cut sho")
    assert Live(volume, BOOTSTRAP).restore()
    assert Wish.parse(volume.live.read_bytes()) == BOOTSTRAP


def test_a_retreat_goes_to_what_was_confirmed_last(volume, live):
    for number in (1, 2, 3):
        wish = Wish.of(number, b"events {}")
        live.write_draft(wish)
        live.promote_draft(wish)
        if number == 1:
            live.confirm()

    live.roll_back()

    assert Wish.parse(volume.live.read_bytes()).generation == 1


def test_a_file_that_was_only_touched_is_left_alone(volume, live):
    volume.live.touch()
    assert not live.restore()
