"""Promise D at the reloader: whatever is killed, missing, stale or damaged."""

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.lab.waiting import eventually


def test_a_wish_is_served_by_an_nginx_that_was_killed_and_started_again(station):
    station.start_reloader()
    killed = station.start_nginx()
    station.publish(1)
    station.answer_to(1)

    station.kill(killed)
    station.publish(2)
    eventually(lambda: station.events("nginx.waiting"))
    station.start_nginx()

    assert station.answer_to(2).applied
    assert station.served() == "this is 2"


def test_an_nginx_that_comes_back_starts_with_the_last_wish(station):
    station.start_reloader("--poll-interval", "0.05")
    killed = station.start_nginx()
    station.publish(1)
    station.answer_to(1)

    station.kill(killed)
    eventually(lambda: station.events("nginx.gone"))
    station.start_nginx()

    assert eventually(station.served) == "this is 1"
    eventually(lambda: len(station.events("nginx.found")) == 2)


def test_a_stale_pid_file_misleads_nobody(serving):
    serving.volume.pid.write_text(str(os.getpid()))

    serving.publish(2)

    assert serving.answer_to(2).applied  # and this process had no SIGHUP


def test_without_a_pid_file_the_master_is_found(serving):
    serving.volume.pid.unlink()
    serving.publish(2)
    assert serving.answer_to(2).applied


def test_the_nginx_of_another_configuration_is_not_signalled(station, tmp_path):
    other = tmp_path / "other.conf"
    other.write_text(f'pid "{tmp_path}/other.pid"; error_log stderr notice; events {{ }}')
    station.start_reloader()
    station.start_nginx(other)
    station.publish(1)
    eventually(lambda: station.events("nginx.waiting"))
    assert not station.events("nginx.found")

    station.start_nginx()

    assert station.answer_to(1).applied
    assert "SIGHUP" not in (tmp_path / "nginx.log").read_text().replace("signal 1 ", "SIGHUP ")


def test_a_reloader_that_was_killed_finds_its_wish_served_without_a_reload(station):
    killed = station.start_reloader()
    station.start_nginx()
    station.publish(1)
    workers = station.answer_to(1).started_workers
    killed.kill()
    station.volume.status.unlink()

    station.start_reloader()

    status = station.answer_to(1)
    assert (status.applied, status.serving, status.started_workers) == (True, 1, ())
    assert all(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_reloader_that_was_killed_before_it_signalled_makes_up_for_it(station):
    killed = station.start_reloader()
    station.start_nginx()
    station.publish(1)
    station.answer_to(1)
    killed.kill()
    station.publish(2)
    shutil.copy(station.volume.wish, station.volume.live)

    station.start_reloader()

    assert station.answer_to(2).applied
    assert station.served() == "this is 2"


@pytest.mark.parametrize("damage", ["deleted", "cut short"])
def test_a_damaged_live_folder_is_mended(station, damage):
    station.start_reloader("--poll-interval", "0.05")
    station.start_nginx()
    wish = station.publish(1)
    station.answer_to(1)

    if damage == "deleted":
        station.volume.live.parent.rename(station.volume.root / "gone")
    else:
        station.volume.live.write_bytes(b"events {")

    eventually(lambda: station.volume.live.read_bytes() == wish.encode())
    assert station.answer_to(1).applied
    told = eventually(lambda: station.events("live.restored"))
    assert [line["generation"] for line in told] == [1]


def test_without_hints_the_poll_finds_a_wish(station):
    station.start_reloader("--poll-interval", "0.05")
    station.start_nginx()
    station.publish(1)
    station.answer_to(1)
    generations = itertools.count(2)

    def come_from_outside():
        """Put a wish there by a rename that is none within next/, and so no hint."""
        generation = next(generations)
        elsewhere = station.volume.root / "elsewhere"
        elsewhere.write_bytes(station.wish(generation).encode())
        elsewhere.rename(station.volume.wish)
        assert station.answer_to(generation).applied
        return station.events("hints.renewed")

    assert eventually(come_from_outside)


def test_a_next_folder_made_anew_is_watched_anew(serving):
    shutil.rmtree(serving.volume.wish.parent)
    serving.publish(2)
    assert serving.answer_to(2).applied


def test_an_unwritable_volume_is_told_once_and_used_when_it_can_be(station):
    station.volume.root.parent.mkdir(exist_ok=True)
    station.volume.root.write_text("a file where the folder should be")
    station.start_reloader("--poll-interval", "0.05")
    eventually(lambda: station.events("volume.unusable"))

    station.volume.root.unlink()

    station.start_nginx()
    station.publish(1)
    assert station.answer_to(1).applied
    assert "Errno" not in station.events("volume.unusable")[0]["message"]


def test_a_check_that_hangs_ends_in_a_refusal(station, tmp_path):
    station.start_reloader("--check-timeout", "0.2", nginx=_hanging(station, tmp_path))
    station.publish(1)
    assert station.answer_to(1).message == "nginx -t had no answer within 0.2 s"


def test_a_signal_ends_it_at_once_even_during_a_check(station, tmp_path):
    reloader = station.start_reloader(nginx=_hanging(station, tmp_path))
    station.publish(1)
    eventually((tmp_path / "hangs").exists)

    reloader.signal(signal.SIGTERM)

    assert reloader.popen.wait(timeout=2) == 0
    assert station.events("reloader.stopped")


def test_without_the_nginx_program_it_says_so_in_one_line(station):
    reloader = station.start_reloader(nginx="/nowhere/nginx")
    assert reloader.popen.wait(timeout=5) == 1
    assert [line["message"] for line in station.events("nginx.missing")] == [
        "/nowhere/nginx: No such file or directory"
    ]


def test_an_nginx_that_is_too_old_is_named_in_one_line(station, tmp_path):
    old = _script(tmp_path, "echo 'nginx version: nginx/1.26.3' >&2")
    reloader = station.start_reloader(nginx=old)
    assert reloader.popen.wait(timeout=5) == 1
    assert [line["message"] for line in station.events("nginx.too_old")] == [
        f"{old}: it is 1.26.3; 1.27.4 is the oldest that reloads without a loss"
    ]


def _hanging(station, folder):
    """An nginx whose -t never ends."""
    hang = f"touch {folder}/hangs; exec sleep 60"
    return _script(folder, f'[ "$1" = -t ] && {{ {hang}; }}\nexec "{station.nginx}" "$@"')


def _script(folder, body):
    path = folder / "other-nginx"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)
