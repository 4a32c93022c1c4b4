import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.contract import (
    ContractError,
    Endpoints,
    Status,
    Volume,
    Wish,
    read_or_none,
    write_atomically,
)
from tests.drivers.odd_files import ODD, no_file_longer_than, put


@given(st.integers(min_value=0, max_value=10**18 - 1), st.binary())
def test_a_wish_comes_back_from_its_bytes(generation, body):
    wish = Wish.of(generation, body)
    assert Wish.parse(wish.encode()) == wish


_NAMES = st.from_regex(r"[a-z0-9._-]+", fullmatch=True)
_PEERS = st.sampled_from([" 10.0.0.1:80", " [fd00::1]:8080", " 10.0.0.1:80 10.0.0.2:80"])


@given(st.integers(min_value=0, max_value=10**18 - 1), st.dictionaries(_NAMES, _PEERS))
def test_endpoints_come_back_from_their_bytes(version, lines):
    body = "".join(f"{name}{peers}\n" for name, peers in lines.items())
    endpoints = Endpoints.of(version, body.encode())
    assert Endpoints.parse(endpoints.encode()) == endpoints
    assert endpoints.by_upstream() == lines


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
        endpoints=9,
        lua=True,
        lua_modules=("/modules/lua.so",),
        started_workers=(7, 8),
    )
    assert Status.parse(status.encode()) == status


def test_a_status_of_a_later_version_can_be_read():
    told = b'{"generation": 1, "hash": "", "applied": true, "serving": 1, "news": 1}'
    assert Status.parse(told).serving == 1


WRONG = [b'"serving": "x"', b'"applied": 1', b'"nginx_modules": [1]', b'"durations": {"a": []}']
WRONG += [b'"endpoints": -1', b'"lua": 1', b'"lua_modules": [1]']
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
    path = tmp_path / "nginx.conf"
    path.write_bytes(b"old")
    with no_file_longer_than(2), pytest.raises(OSError, match="File too large"):
        write_atomically(path, b"new")
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(path, b"old")]


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_the_contract_reads_as_none_and_gives_way(kind, tmp_path):
    path = tmp_path / "nginx.conf"
    put(kind, path)
    assert read_or_none(path, Wish.parse) is None
    assert read_or_none(path, Status.parse) is None
    write_atomically(path, b"new")
    assert (path.is_symlink(), path.read_bytes()) == (False, b"new")


@pytest.mark.parametrize("kind", ODD)
def test_what_stands_in_the_way_of_a_temporary_file_gives_way(kind, tmp_path):
    path = tmp_path / "nginx.conf"
    put(kind, path.with_name(f".nginx.conf.{os.getpid()}"))
    write_atomically(path, b"new")
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(path, b"new")]
