"""How the pair starts, what it outlives, and how it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from threading import Thread

import pytest

from tests.drivers.pair import Pair
from tests.lab.waiting import eventually


def test_it_serves_a_folder_and_its_edits(pair, shop, serves):
    with pair:
        assert pair.get("shop.test", "/a").echo["backend"] == "shop"
        assert pair.get("shop.test", "/b").body.strip() == b"default backend - 404"
        shop.has("/a", "/b")
        serves("/b")


def test_it_is_not_ready_before_the_first_configuration_is_live(pair):
    pair.start()
    before = set()
    while 200 not in before:
        with contextlib.suppress(OSError):
            before.add(pair.readyz())
    assert before <= {503, 200}
    assert pair.get("shop.test", "/a").status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_nothing_behind(pair, number):
    with pair:
        assert pair.stop(number) == 0


def test_the_three_are_direct_children_that_say_what_they_are(pair):
    with pair:
        commands = [pair.process(name).command for name in ("generator", "reloader", "nginx")]
        assert len(set(commands)) == 3


@pytest.mark.parametrize("name", ["generator", "reloader", "nginx"])
def test_a_killed_process_is_started_again_and_changes_still_land(pair, shop, serves, name):
    with pair:
        killed = pair.process(name)
        killed.send_signal(signal.SIGKILL)
        eventually(lambda: pair.process(name).pid != killed.pid)
        shop.has("/a", "/b")
        serves("/b")
        assert [line["name"] for line in pair.logs("process.died")] == [name]


@pytest.mark.parametrize("name", ["generator", "reloader"])
def test_a_killed_generator_or_reloader_costs_no_request(pair, name):
    statuses = []
    with pair:
        killed = pair.process(name)

        def is_back() -> bool:
            statuses.append(pair.get("shop.test", "/a").status)
            return pair.process(name).pid != killed.pid

        killed.send_signal(signal.SIGKILL)
        eventually(is_back, every_s=0)
        eventually(lambda: len(pair.logs(f"{name}.started")) == 2)
        is_back()
    assert set(statuses) == {200}


def test_a_request_in_flight_is_answered_before_it_ends(pair):
    with pair:
        statuses = []
        client = Thread(
            target=lambda: statuses.append(pair.get("shop.test", "/a?delay_s=1").status)
        )
        client.start()
        time.sleep(0.3)  # nginx has passed it on by then; nothing tells when
        pair.stop()
        client.join()
        assert statuses == [200]


def test_a_signal_that_comes_twice_at_once_is_one(pair):
    """As from `timeout`, which signals its child and then its process group."""
    with pair:
        pair.up.signal(signal.SIGTERM)
        eventually(lambda: pair.logs("pair.stopping"), every_s=0)
        assert pair.stop() == 0
        assert not pair.logs("process.forced")


def test_a_second_signal_does_not_wait_for_requests(pair):
    with pair, socket.create_connection(("127.0.0.1", pair.http_port)) as client:
        client.sendall(b"GET /a?delay_s=60 HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        time.sleep(0.3)  # as above
        pair.up.signal(signal.SIGINT)
        eventually(lambda: pair.up.signal(signal.SIGINT) or pair.logs("process.forced"), every_s=1)
        assert pair.stop(signal.SIGINT, within_s=4) == 0
        forced = [(line["name"], line["signal"]) for line in pair.logs("process.forced")]
        assert ("nginx", "SIGTERM") in forced


def test_a_process_that_hangs_is_killed_at_the_end(pair):
    with pair:
        pair.process("generator").send_signal(signal.SIGSTOP)
        assert pair.stop() == 0


def test_when_it_is_killed_itself_its_processes_end(pair):
    with pair:
        children = pair.processes()
        pair.kill()
        eventually(lambda: not [child for child in children if child.is_running()])


def test_a_volume_of_a_former_run_serves_before_anything_is_read(pair):
    with pair:
        pair.process("generator").send_signal(signal.SIGSTOP)
        pair.kill()
    eventually(lambda: pair.start() or True)
    pair.wait_ready()
    assert pair.get("shop.test", "/a").status == 200


def test_every_log_line_is_json_with_its_component(pair):
    with pair:
        pair.get("shop.test", "/a")
        pair.process("nginx").send_signal(signal.SIGKILL)
        eventually(lambda: pair.logs("process.died"))
        pair.stop()
        lines = pair.log.read_text().splitlines()
        assert len(pair.logs()) == len(lines)
        components = {line["component"] for line in pair.logs()}
        assert components == {"pillion", "generator", "reloader", "nginx"}
        assert all({"timestamp", "level", "event"} <= line.keys() for line in pair.logs())


def test_a_reader_of_the_log_that_sleeps_does_not_stop_traffic(pair, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    pair.folder.mkdir()
    pair.log.symlink_to(pipe)
    with pair:
        for _ in range(400):  # more than a pipe and nginx's own buffers hold
            assert pair.get("shop.test", "/a?" + "x" * 800).status == 200
    os.close(reader)


def test_an_unprivileged_user_can_run_it(pair):
    # In a user namespace without a mapping: no capability, and an id that is not root's.
    as_nobody = ["unshare", "--user", "--"]
    if subprocess.run([*as_nobody, "true"], check=False).returncode:
        pytest.skip("user namespaces are not allowed here")
    pair.start(as_nobody)
    pair.wait_ready()
    assert pair.get("shop.test", "/a").status == 200
    assert "user root" not in pair.process("nginx").command


def test_two_pairs_run_beside_each_other(pair, shop, tmp_path):
    with pair, Pair(tmp_path / "other", ["--manifests", shop.folder]) as other:
        assert pair.get("shop.test", "/a").status == other.get("shop.test", "/a").status == 200
