"""What stands on the volume when: files before the wish, and until no wish needs them."""

import os

import pytest

from generator.directives import File
from generator.volume.publisher import Publisher, claim
from reloader.contract import Status, Volume, Wish
from tests.drivers.odd_files import no_file_longer_than

A, B, C = (File(text) for text in (b"a", b"b", b"c"))


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


@pytest.fixture
def publisher(volume):
    found = Publisher(volume)
    found.prepare()
    return found


def wish(generation):
    return Wish.of(generation, b"events {}\n")


def files(volume):
    return {path.name: path.read_bytes() for path in volume.files.iterdir()}


def test_a_wish_and_its_files_are_on_the_volume_each_file_once(volume, publisher):
    publisher.publish(wish(1), [A, B, File(b"a")])
    assert files(volume) == {A.digest: b"a", B.digest: b"b"}
    assert Wish.parse(volume.wish.read_bytes()) == publisher.last == wish(1)


def test_keys_are_for_the_group_of_the_volume_and_nobody_else(volume, publisher):
    publisher.publish(wish(1), [A])
    assert (volume.files / A.digest).stat().st_mode & 0o007 == 0


def test_a_file_that_cannot_be_written_leaves_the_wish_of_before(volume, publisher):
    publisher.publish(wish(1), [A])
    with no_file_longer_than(0), pytest.raises(OSError, match="File too large"):
        publisher.publish(wish(2), [B])
    assert Wish.parse(volume.wish.read_bytes()) == wish(1)
    assert publisher.last == wish(1)


def test_while_no_reloader_answers_files_are_mended_of_the_oldest_wish_and_the_newest(
    volume, publisher
):
    named = [File(str(number).encode()) for number in range(30)]
    for number, file in enumerate(named):
        publisher.publish(wish(number + 1), [file])
    for file in named:
        (volume.files / file.digest).unlink()
    publisher.repair()
    assert files(volume).keys() == {file.digest for file in (named[0], *named[-7:])}


def test_a_file_is_written_once_and_again_where_somebody_changed_it(volume, publisher):
    publisher.publish(wish(1), [A])
    path = volume.files / A.digest
    first = path.stat().st_ino
    publisher.publish(wish(2), [A])
    assert path.stat().st_ino == first
    path.write_bytes(b"somebody else's")
    publisher.publish(wish(3), [A])
    assert path.read_bytes() == b"a"


def test_a_file_of_the_same_size_and_age_is_seen_to_be_another(volume, publisher):
    publisher.publish(wish(1), [A])
    path = volume.files / A.digest
    before = path.stat()
    path.write_bytes(b"z")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    publisher.publish(wish(2), [A])
    assert path.read_bytes() == b"a"


def test_files_go_once_a_later_wish_is_live_and_not_before(volume, publisher):
    for generation, named in ((1, [A]), (2, [A, B]), (3, [C])):
        publisher.publish(wish(generation), named)
    publisher.sweep(1)
    assert {*files(volume)} == {A.digest, B.digest, C.digest}
    publisher.sweep(2)
    assert {*files(volume)} == {A.digest, B.digest, C.digest}
    publisher.sweep(3)
    assert {*files(volume)} == {C.digest}


def test_what_an_earlier_process_left_stays_until_a_wish_of_this_one_is_live(volume, publisher):
    publisher.publish(wish(7), [A])
    later = Publisher(volume)
    later.prepare()
    later.sweep(7)
    assert {*files(volume)} == {A.digest}
    later.publish(wish(8), [B])
    later.sweep(8)
    assert {*files(volume)} == {B.digest}


@pytest.mark.parametrize("left_by", ["wish", "live", "status"])
def test_generations_grow_over_restarts_whatever_was_left(left_by, volume):
    path = getattr(volume, left_by)
    path.parent.mkdir()
    status = Status(generation=41, hash="", applied=True, serving=41)
    path.write_bytes(status.encode() if left_by == "status" else wish(41).encode())
    publisher = Publisher(volume)
    publisher.prepare()
    assert publisher.next_generation() == 42


def test_a_broken_file_on_the_volume_counts_as_none(volume, publisher):
    volume.live.parent.mkdir()
    volume.live.write_bytes(b"\xff")
    volume.status.write_bytes(b"{")
    volume.wish.write_bytes(b"# pillion generation x")
    publisher.prepare()
    assert (publisher.last, publisher.next_generation()) == (None, 1)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_what_somebody_takes_away_or_damages_is_mended(damage, volume, publisher):
    publisher.publish(wish(1), [A])
    damage(volume.wish)
    damage(volume.files / A.digest)
    publisher.repair()
    assert Wish.parse(volume.wish.read_bytes()) == wish(1)
    assert files(volume) == {A.digest: b"a"}


def test_the_whole_wish_of_another_is_left_alone(volume, publisher):
    publisher.publish(wish(1), [A])
    volume.wish.write_bytes(wish(2).encode())
    publisher.repair()
    assert Wish.parse(volume.wish.read_bytes()) == wish(2)


def test_a_volume_has_one_generator_and_then_the_next(volume):
    claimed = claim(volume)
    with pytest.raises(OSError, match="another generator"):
        claim(volume)
    os.close(claimed)
    os.close(claim(volume))
