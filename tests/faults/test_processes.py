"""Promise D: processes that are killed and processes that stand still."""

import itertools
import signal
import socket

import pytest

from tests.drivers.fault_scene import CLIENTS, OLD
from tests.lab.waiting import eventually

PROGRAMS = ("generator", "reloader", "nginx")


@pytest.mark.parametrize("who", PROGRAMS)
def test_one_that_stands_still_fails_no_request_and_then_catches_up(who, scene):
    stopped = scene.pair.process(who)
    with scene.traffic() as tally:
        stopped.send_signal(signal.SIGSTOP)
        host = scene.newcomer()
        scene.lasts()
        stopped.send_signal(signal.SIGCONT)
        scene.serves(host)
    assert tally.failures == []


def test_generator_and_reloader_killed_again_and_again_fail_no_request(scene):
    with scene.traffic() as tally:
        for who in ("generator", "reloader") * 2:
            _kill(scene, who)
            scene.serves_a_newcomer()
    assert tally.failures == []


def test_a_killed_master_serves_again_each_of_five_times(scene):
    for _ in range(5):
        _kill_the_master(scene)
        scene.serves_a_newcomer()


def test_a_killed_worker_costs_no_more_than_what_it_was_answering(scene):
    with scene.traffic() as tally:
        scene.lasts()
        scene.workers()[0].send_signal(signal.SIGKILL)
        scene.serves_a_newcomer()
    assert len(tally.failures) <= CLIENTS


def test_a_worker_that_stands_still_holds_up_no_change(scene):
    with scene.traffic() as tally:
        scene.lasts()
        stuck = scene.workers()[0]
        stuck.send_signal(signal.SIGSTOP)
        try:
            scene.serves_a_newcomer()
            scene.serves_a_newcomer()
            assert eventually(lambda: scene.pair.logs("nginx.stuck"))
        finally:
            stuck.send_signal(signal.SIGCONT)
    assert tally.failures == []


def test_a_worker_that_stands_still_does_not_keep_a_new_master_off_its_ports(scene):
    scene.workers()[0].send_signal(signal.SIGSTOP)
    _kill_the_master(scene)
    scene.serves_a_newcomer()


def test_all_killed_at_once_come_back(scene):
    victims = [scene.pair.process(who) for who in PROGRAMS] + scene.workers()
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    eventually(lambda: not any(victim.is_running() for victim in victims))
    scene.takes("the old host is served", lambda: scene.pair.get(OLD).status == 200)
    scene.serves_a_newcomer()


@pytest.mark.parametrize("order", list(itertools.permutations(PROGRAMS)), ids="-".join)
def test_they_may_be_killed_one_after_another_in_each_order(order, scene):
    for who in order:
        _kill(scene, who)
    scene.serves_a_newcomer()


def _kill(scene, who: str) -> None:
    """kill -9, and waits until another runs in its place."""
    killed = scene.pair.process(who)
    killed.send_signal(signal.SIGKILL)
    eventually(lambda: scene.pair.process(who).pid != killed.pid)


def _kill_the_master(scene) -> None:
    """kill -9, and waits until another master serves, 5 s at most."""
    killed = scene.pair.process("nginx")
    killed.send_signal(signal.SIGKILL)
    eventually(lambda: not killed.is_running())
    scene.takes("a new master serves", lambda: _new_master_serves(scene, killed))


def _new_master_serves(scene, killed) -> bool:
    """Whether another master runs and a worker of its own answers a fresh connection."""
    assert scene.pair.process("nginx").pid != killed.pid
    assert scene.workers()
    with socket.create_connection(("127.0.0.1", scene.pair.http_port), timeout=0.5) as client:
        client.sendall(f"GET / HTTP/1.0\r\nHost: {OLD}\r\n\r\n".encode())
        return b" 200 " in client.recv(100)
