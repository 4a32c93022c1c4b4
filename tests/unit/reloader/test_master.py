"""Processes that bear nginx's titles: `sleep` under another name."""

import os
import shutil
import subprocess

import pytest

from reloader import master
from reloader.contract import Volume
from tests.lab.waiting import eventually


@pytest.fixture
def volume(tmp_path):
    volume = Volume(tmp_path)
    volume.pid.parent.mkdir()
    return volume


def test_the_master_that_was_started_with_our_configuration_is_found(volume, start):
    pid = start(f"nginx: master process nginx -g daemon off; -c {volume.live}")
    found = eventually(lambda: master.find_master(volume))
    assert (found.pid, found.parent) == (pid, os.getpid())
    assert master.is_running(found)


@pytest.mark.parametrize(
    "title",
    [
        "nginx: master process nginx -c /etc/nginx/nginx.conf",
        "nginx: master process nginx",
        "nginx: master process nginx -c {live}.bak",
        "nginx: worker process",
        "nginx -c {live}",
        "vi {live}",
    ],
)
def test_no_other_process_is_taken_for_it(volume, start, title):
    pid = start(title.format(live=volume.live))
    volume.pid.write_text(str(pid))
    assert master.find_master(volume) is None


@pytest.mark.parametrize("stale", ["", "no number", "999999999", "1"])
def test_a_stale_pid_file_does_not_hide_it(volume, start, stale):
    volume.pid.write_text(stale)
    pid = start(f"nginx: master process nginx -c {volume.live}")
    assert eventually(lambda: master.find_master(volume)).pid == pid


@pytest.mark.parametrize("looped", ["live", "live/nginx.conf"])
def test_a_link_that_leads_to_itself_does_not_hide_it(volume, start, looped):
    path = volume.root / looped
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path.name)
    pid = start(f"nginx: master process nginx -c {volume.live}")
    assert eventually(lambda: master.find_master(volume)).pid == pid


def test_of_two_masters_it_is_the_one_of_the_pid_file(volume, start):
    title = f"nginx: master process nginx -c {volume.live}"
    first, _ = start(title), start(title)
    volume.pid.write_text(str(first))
    assert eventually(lambda: master.find_master(volume)).pid == first


def test_a_master_that_ended_is_not_found_even_if_nobody_has_waited_for_it(volume):
    title = f"nginx: master process nginx -c {volume.live}"
    with subprocess.Popen([title, "60"], executable=shutil.which("sleep")) as process:
        found = eventually(lambda: master.find_master(volume))
        process.kill()
        eventually(lambda: not master.is_running(found))
        assert master.find_master(volume) is None


def test_a_later_process_of_the_same_pid_is_another(volume, start):
    start(f"nginx: master process nginx -c {volume.live}")
    found = eventually(lambda: master.find_master(volume))
    earlier = master.Process(found.pid, found.started - 1, found.parent, found.title)
    assert not master.is_running(earlier)


def test_a_process_has_started_since_what_was_before_it_and_not_since_what_came_after(
    volume, start
):
    start(f"nginx: master process nginx -c {volume.live}")
    found = eventually(lambda: master.find_master(volume))
    started_at = volume.pid.parent.stat().st_ctime
    assert master.started_since(found.identity, started_at)
    assert not master.started_since(found.identity, started_at + 30)
