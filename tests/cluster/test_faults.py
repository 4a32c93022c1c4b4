"""Promise D: through every fault traffic goes on, and afterwards the newest state is served."""

import signal

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.drivers.web import Web
from tests.lab.objects import publish
from tests.lab.waiting import eventually

RECOVERED_WITHIN_S = 15
pytestmark = pytest.mark.usefixtures("served")


@pytest.fixture(scope="module")
def pair(start_pair):
    with start_pair("--watch-ingress-without-class") as pair:
        yield pair


@pytest.fixture
def served(pair, cluster, backend):
    """foo.test is served before a test begins, and no more by what the last one had."""
    _eventually_served(pair, "foo.test", 404)
    publish(cluster, "echo", backend("echo"))
    cluster.create(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    _eventually_served(pair, "foo.test")


def _eventually_served(pair, host: str, status: int = 200) -> None:
    web = Web(pair.http_port)
    eventually(lambda: web.status(f"http://{host}/") == status, within_s=RECOVERED_WITHIN_S)


def _add(cluster, host: str) -> None:
    cluster.create(ingress(rule(host, ("Prefix", "/", "echo")), name=host))


@pytest.mark.parametrize("who", ["generator", "reloader"])
def test_a_killed_program_fails_no_request_and_comes_back(who, pair, cluster):
    with pair.keepalive_clients("foo.test") as tally:
        killed = pair.process(who)
        killed.send_signal(signal.SIGKILL)
        _add(cluster, f"while-no-{who}.test")
        _eventually_served(pair, f"while-no-{who}.test")
        eventually(lambda: pair.process(who).pid != killed.pid)
    assert tally.failures == []
    assert tally.answered > 50


def test_both_killed_at_once_come_back(pair, cluster):
    with pair.keepalive_clients("foo.test") as tally:
        for who in ("generator", "reloader"):
            pair.process(who).send_signal(signal.SIGKILL)
        _add(cluster, "while-neither.test")
        _eventually_served(pair, "while-neither.test")
    assert tally.failures == []


def test_a_killed_nginx_comes_back_with_what_it_served(pair, cluster):
    pair.process("nginx").send_signal(signal.SIGKILL)
    _eventually_served(pair, "foo.test")
    _add(cluster, "after-nginx.test")
    _eventually_served(pair, "after-nginx.test")


def test_while_the_apiserver_is_away_traffic_goes_on(pair, control_plane, cluster):
    with pair.keepalive_clients("foo.test") as tally:
        control_plane.kill_apiserver()
        try:
            before = tally.answered
            _enough_requests(pair)
        finally:
            control_plane.start_apiserver()
        _add(cluster, "after-the-apiserver.test")
        _eventually_served(pair, "after-the-apiserver.test")
    assert tally.failures == []
    assert tally.answered > before


def _enough_requests(pair) -> None:
    web = Web(pair.http_port)
    assert {web.status("http://foo.test/") for _ in range(50)} == {200}


def test_a_silent_apiserver_stops_no_traffic(pair, control_plane, cluster):
    control_plane.freeze_apiserver()
    try:
        _enough_requests(pair)
    finally:
        control_plane.thaw_apiserver()
    _add(cluster, "after-the-silence.test")
    _eventually_served(pair, "after-the-silence.test")


def test_changes_that_no_watch_saw_are_served(pair, control_plane, cluster):
    """The generator sleeps while history is forgotten: its watches end in 410 Gone."""
    generator = pair.process("generator")
    generator.send_signal(signal.SIGSTOP)
    try:
        cluster.delete("Ingress", "shop")
        _add(cluster, "unseen.test")
        control_plane.forget_history()
    finally:
        generator.send_signal(signal.SIGCONT)
    _eventually_served(pair, "unseen.test")
    _eventually_served(pair, "foo.test", 404)


def test_a_restart_without_an_apiserver_keeps_what_was_served(pair, control_plane, cluster):
    control_plane.kill_apiserver()
    try:
        killed = pair.process("generator")
        killed.send_signal(signal.SIGKILL)
        eventually(lambda: pair.process("generator").pid != killed.pid)
        _enough_requests(pair)
    finally:
        control_plane.start_apiserver()
    _add(cluster, "after-both.test")
    _eventually_served(pair, "after-both.test")
    _enough_requests(pair)


def test_one_object_that_cannot_be_decoded_costs_itself_alone(pair, cluster):
    odd = ingress(rule("odd.test", ("Prefix", "/", "echo")), name="odd")
    odd["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] = "{}\n\x7f"
    cluster.create(odd)
    _add(cluster, "even.test")
    _eventually_served(pair, "even.test")
    _eventually_served(pair, "foo.test")
