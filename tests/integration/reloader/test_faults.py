"""Promise D at the reloader: whatever is killed, missing, stale or damaged."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
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


def test_an_nginx_that_was_told_to_end_is_left_in_peace_and_the_next_one_has_the_change(station):
    station.start_reloader("--poll-interval", "0.05", "--verify-timeout", "1")
    nginx = station.start_nginx()
    station.publish(1)
    station.answer_to(1)
    with socket.create_connection(("127.0.0.1", station.http_port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(65536)
        nginx.signal(signal.SIGQUIT)  # as a kubelet does; the idle client holds it
        eventually(lambda: station.events("nginx.quitting"))
        for generation in (2, 3):  # one after the other: the first keeps none waiting
            station.publish(generation)
            wanted = f"generation {generation} ".encode()
            eventually(lambda wanted=wanted: wanted in station.volume.live.read_bytes())
    nginx.popen.wait(timeout=40)
    station.start_nginx()
    assert station.answer_to(3).applied
    assert station.served() == "this is 3"
    assert not [line for line in station.lines() if line["level"] in {"warning", "error"}]


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


def test_a_check_that_hangs_proves_nothing(station, tmp_path):
    station.start_reloader("--check-timeout", "0.2", nginx=_hanging(station, tmp_path))
    station.publish(1)
    status = station.answer_to(1)
    assert (status.stage, status.message) == ("blocked", "nginx -t had no answer within 0.2 s")
    _script(tmp_path, f'exec "{station.nginx}" "$@"')
    station.start_nginx()
    station.publish(2)
    assert station.answer_to(2).applied


@pytest.mark.parametrize(
    ("want", "message"),
    [
        ("kill -9 $$", "nginx -t was ended by SIGKILL"),
        ("ulimit -v 32000", "failed (12: "),
        ("ulimit -n 3", "failed (24: "),
        ("echo '[emerg] on the way' >&2; kill -9 $$", "nginx -t was ended by SIGKILL"),
        ("exit 1", "nginx -t ended with 1 and no word"),
    ],
    ids=["killed", "memory", "descriptors", "killed while it spoke", "no word"],
)
def test_a_check_in_want_of_something_proves_nothing_and_the_next_wish_is_served(
    station, tmp_path, want, message
):
    wanting = tmp_path / "wanting"
    station.start_reloader(
        nginx=_script(
            tmp_path,
            f'[ "$1" = -t ] && [ -e {wanting} ] && {{ {want}\n}}\nexec "{station.nginx}" "$@"',
        )
    )
    station.start_nginx()
    wanting.touch()
    station.publish(1, "upstream big { zone big 64m; server 127.0.0.1:1; }")
    status = station.answer_to(1)
    assert (status.applied, status.stage) == (False, "blocked")
    assert message in status.message
    assert [line["generation"] for line in station.events("nginx.check_blocked")] == [1]
    assert not station.events("wish.refused")
    wanting.unlink()
    station.publish(2)
    assert station.answer_to(2).applied


def test_a_refusal_that_does_not_repeat_is_none(station, tmp_path):
    once = tmp_path / "once"
    speak = f"rm {once}; {_refusing('could not build the hash')}"
    once.touch()
    station.start_reloader(
        nginx=_script(
            tmp_path,
            f'[ "$1" = -t ] && [ -e {once} ] && {{ {speak}; }}\nexec "{station.nginx}" "$@"',
        )
    )
    station.start_nginx()
    station.publish(1)
    assert station.answer_to(1).applied


def test_refusals_that_differ_prove_nothing(station, tmp_path):
    speak = _refusing("hash $$")
    station.start_reloader(
        nginx=_script(tmp_path, f'[ "$1" = -t ] && {{ {speak}; }}\nexec "{station.nginx}" "$@"')
    )
    station.publish(1)
    assert station.answer_to(1).stage == "blocked"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize("option", ["ro", ""], ids=["read-only", "full"])
def test_a_run_folder_that_nginx_cannot_write_to_proves_nothing(station, option):
    station.start_reloader()
    eventually(station.volume.live.exists)
    run = station.volume.pid.parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=2", "run", run], check=True)
    try:
        station.volume.temp.mkdir()
        if option:
            subprocess.run(["mount", "-o", f"remount,{option}", run], check=True)
        station.publish(1)
        status = station.answer_to(1)
        assert (status.applied, status.stage) == (False, "blocked")
    finally:
        subprocess.run(["umount", run], check=True)


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


def _refusing(message):
    """What a shell does to refuse as nginx does."""
    outcome = "nginx: configuration file /live/.candidate.conf test failed"
    return f'echo "nginx: [emerg] {message}\n{outcome}" >&2; exit 1'


def _script(folder, body):
    path = folder / "other-nginx"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)
