"""Configurations that are only to be checked: answered, and never served."""

import pytest

from reloader.contract import Status, read_or_none, write_atomically
from tests.lab.waiting import eventually


@pytest.fixture
def ask(serving):
    """The answer to a configuration with this in it, that is only to be checked."""

    def asked(number, extra=""):
        check = serving.wish(number, extra)
        write_atomically(serving.volume.check, check.encode())
        answer = eventually(lambda: answered(serving, number), every_s=0.005)
        assert answer.hash == check.hash
        return answer

    return asked


def answered(station, number):
    status = read_or_none(station.volume.checked, Status.parse)
    return status if status and status.generation == number else None


def test_what_nginx_takes_is_accepted_and_not_served(serving, ask):
    workers = serving.answer_to(1).started_workers
    answer = ask(7)
    assert (answer.stage, answer.message) == ("accepted", "")
    status = serving.status()
    assert (status.generation, status.serving, status.started_workers) == (1, 1, workers)
    assert serving.served() == "this is 1"
    assert serving.publish(2)
    assert serving.answer_to(2).applied


def test_what_nginx_refuses_is_refused_with_its_line(serving, ask):
    answer = ask(7, "proxy_foo bar;")
    line = serving.wish(7, "proxy_foo bar;").encode().splitlines().index(b"    proxy_foo bar;") + 1
    assert (answer.stage, answer.message) == ("check", 'unknown directive "proxy_foo"')
    assert (answer.file, answer.line) == (str(serving.volume.check), line)
    assert serving.status().generation == 1
    assert ask(8).stage == "accepted"


def test_that_it_takes_checks_is_told(serving):
    assert serving.status().takes_checks


def test_an_answer_is_not_given_twice_by_a_reloader_that_starts_anew(serving, ask):
    ask(7)
    before = serving.volume.checked.stat().st_mtime_ns
    serving.start_reloader()
    serving.publish(2)
    assert serving.answer_to(2).applied
    serving.publish(3)  # looked at after the check that lay there
    assert serving.answer_to(3).applied
    assert serving.volume.checked.stat().st_mtime_ns == before


def test_what_is_no_wish_is_told_and_the_next_is_checked(serving, ask):
    write_atomically(serving.volume.check, b"# pillion generation 5 sha256 00\n")
    eventually(lambda: serving.events("wish.malformed"))
    assert ask(6).stage == "accepted"


@pytest.mark.parametrize("signal", ["KILL", "SEGV", "XCPU", "TERM"])
def test_a_check_that_is_killed_proves_nothing(station, signal, tmp_path):
    nginx = tmp_path / "nginx"
    nginx.write_text(
        f'#!/bin/sh\ncase "$*" in *" -t "*|"-t "*) [ -e {tmp_path}/killing ] && '
        f'kill -{signal} $$;; esac\nexec {station.nginx} "$@"\n'
    )
    nginx.chmod(0o755)
    station.start_reloader(nginx=str(nginx))
    (tmp_path / "killing").touch()
    station.volume.check.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(station.volume.check, station.wish(4).encode())
    answer = eventually(lambda: answered(station, 4))
    assert (answer.stage, answer.message) == ("blocked", f"nginx -t was ended by SIG{signal}")
    (tmp_path / "killing").unlink()
    write_atomically(station.volume.check, station.wish(5).encode())
    assert eventually(lambda: answered(station, 5)).stage == "accepted"
