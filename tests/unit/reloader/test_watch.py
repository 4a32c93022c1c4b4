import pytest

from reloader.contract import Volume, write_atomically
from reloader.wakeup import Wake
from reloader.watch import Hints

LONG_S = 10


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


@pytest.fixture
def wake():
    return Wake()


@pytest.fixture
def hints(volume, wake):
    hints = Hints(volume, wake)
    yield hints
    hints.close()


def test_a_wish_rings(volume, wake, hints):
    volume.wish.parent.mkdir()
    hints.ensure()
    write_atomically(volume.wish, b"")
    assert wake.wait(LONG_S)


def test_a_next_folder_that_appears_rings(volume, wake, hints):
    hints.ensure()
    volume.wish.parent.mkdir()
    assert wake.wait(LONG_S)


def test_reading_the_wish_does_not_ring(volume, wake, hints):
    volume.wish.parent.mkdir()
    volume.wish.write_bytes(b"")
    hints.ensure()
    volume.wish.read_bytes()
    write_atomically(volume.wish, b"")  # what comes after it does
    assert wake.wait(LONG_S)
    assert not wake.wait(0)


def test_an_observer_that_died_is_replaced(volume, wake, hints):
    volume.wish.parent.mkdir()
    hints.ensure()
    hints._observer.stop()
    hints._observer.join()

    hints.ensure()

    write_atomically(volume.wish, b"")
    assert wake.wait(LONG_S)


def test_a_volume_that_cannot_be_watched_raises_nothing(wake, tmp_path):
    hints = Hints(Volume(tmp_path / "nowhere"), wake)
    hints.ensure()
    hints.close()
