import os
import signal

import pytest
from structlog.testing import capture_logs

from reloader.contract import Volume
from reloader.master_watch import MasterWatch
from tests.lab.waiting import eventually


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


@pytest.fixture
def watch(volume):
    return MasterWatch(volume, lambda: True)


@pytest.fixture
def start_master(volume, start):
    return lambda: start(f"nginx: master process nginx -c {volume.live}")


def test_each_master_that_comes_or_goes_is_logged_once(watch, start_master):
    with capture_logs() as logged:
        assert not watch.find()
        first = start_master()
        eventually(watch.find)
        assert not watch.find()
        os.kill(first, signal.SIGKILL)
        eventually(lambda: watch.find() or watch.process is None)
        second = start_master()
        eventually(watch.find)
    assert [(line["event"], line["pid"]) for line in logged] == [
        ("nginx.found", first),
        ("nginx.gone", first),
        ("nginx.found", second),
    ]


def test_a_master_without_workers_is_starting_first_and_stalled_later(watch, start_master):
    watch.check_workers()
    assert not watch.lacks_workers
    start_master()
    eventually(watch.find)
    watch.check_workers()
    assert watch.lacks_workers
    assert not watch.is_stalled
    eventually(lambda: watch.is_stalled)


def test_a_master_without_workers_and_ports_was_told_to_end_and_is_told_nothing(
    volume, start_master
):
    watch = MasterWatch(volume, lambda: False)
    pid = start_master()
    with capture_logs() as logged:
        eventually(lambda: watch.find() or watch.quitting)
        watch.find()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: watch.find() or not watch.quitting)
    assert watch.process is None
    assert [(line["event"], line["log_level"]) for line in logged] == [("nginx.quitting", "info")]


def test_a_stuck_worker_is_logged_once(watch):
    with capture_logs() as logged:
        watch.write_off(frozenset({(7, 1)}))
        watch.write_off(frozenset({(7, 1), (8, 1)}))
    assert [line["pid"] for line in logged] == [7, 8]
