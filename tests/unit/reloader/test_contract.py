import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.contract import (
    ContractError,
    Status,
    Volume,
    Wish,
    read_or_none,
    write_atomically,
)


@given(st.integers(min_value=0), st.binary())
def test_a_wish_comes_back_from_its_bytes(generation, body):
    wish = Wish.of(generation, body)
    assert Wish.parse(wish.encode()) == wish


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[:-1], "the hash in the first line is not that of the rest"),
        (lambda whole: whole[1:], "the first line is not"),
        (lambda _: b"", "the first line is not"),
    ],
)
def test_a_wish_that_is_not_whole_is_refused(damage, message):
    whole = Wish.of(7, b"events {}\n").encode()
    with pytest.raises(ContractError, match=message):
        Wish.parse(damage(whole))


def test_a_status_comes_back_from_its_bytes():
    status = Status(
        generation=2,
        hash="ab",
        applied=True,
        serving=2,
        durations={"check": 1.5},
        nginx_modules=("http_v2_module",),
        started_workers=(7, 8),
    )
    assert Status.parse(status.encode()) == status


def test_a_status_of_a_later_version_can_be_read():
    told = b'{"generation": 1, "hash": "", "applied": true, "serving": 1, "news": 1}'
    assert Status.parse(told).serving == 1


WRONG = [b'"serving": "x"', b'"applied": 1', b'"nginx_modules": [1]', b'"durations": {"a": []}']
WHOLE = b'{"generation": 1, "hash": "", "applied": true, "serving": 1, '


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"generation": 1', *(WHOLE + wrong + b"}" for wrong in WRONG)]
)
def test_what_is_no_status_is_refused(text):
    with pytest.raises(ContractError, match="not a status"):
        Status.parse(text)


def test_a_file_that_is_not_there_or_not_whole_reads_as_none(tmp_path):
    volume = Volume(tmp_path)
    assert read_or_none(volume.wish, Wish.parse) is None
    volume.wish.parent.mkdir()
    volume.wish.write_bytes(b"events {}")
    assert read_or_none(volume.wish, Wish.parse) is None


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it(tmp_path):
    folder = tmp_path / "nginx.conf"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]
