"""Promises C, D and F where nginx has Lua: endpoints change and nothing reloads."""

import http.client
import signal
import socket

import pytest

from reloader.contract import Endpoints, Status, read_or_none
from tests.drivers.ingresses import ingress, rule
from tests.lab.waiting import eventually


def test_a_rollout_is_served_without_a_reload_and_no_request_is_lost(shop):
    old, new = shop.pod("old"), shop.pod("new")
    shop.serves(old)
    served = shop.status
    with shop.site.pair.keepalive_clients(shop.host) as tally:
        for _ in range(10):
            shop.rolls_out(old, new)
            shop.rolls_out(new)
            assert set(shop.answers()) == {"new"}
            shop.rolls_out(old)
    assert tally.failures == []
    assert tally.answered
    assert (shop.status.serving, shop.status.started_workers) == (
        served.serving,
        served.started_workers,
    )


def test_the_log_tells_how_long_it_took(shop):
    pods = [shop.pod("one"), shop.pod("two")]
    shop.serves(pods[0])
    shop.rolls_out(*pods)
    version = shop.status.endpoints
    (told,) = eventually(
        lambda: [e for e in shop.site.pair.logs("endpoints.applied") if e["version"] == version]
    )
    assert {"build_ms", "render_ms", "publish_ms", "total_ms"} <= told.keys()
    assert shop.site.pair.logs("config.applied")[-1]["without_reload"] == 2


def test_each_endpoint_gets_its_turn(shop):
    pods = [shop.pod(name) for name in ("one", "two", "three")]
    shop.serves(*pods)
    answers = shop.answers(60)
    assert all(abs(answers.count(pod.name) - 20) <= 2 for pod in pods)


def test_ipv6_endpoints_are_served_too(shop):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    pod = shop.site.backend("six", "::1")
    shop.serves(pod)
    assert shop.answers(1) == ["six"]


def test_a_request_goes_on_to_the_endpoints_that_live(shop):
    pods = [shop.pod(name) for name in ("live", "dead", "gone")]
    shop.serves(*pods)
    for pod in pods[1:]:
        pod.stop()
    assert shop.answers(12) == ["live"] * 12
    pods[0].stop()
    assert shop.answers(1) == [502]
    for pod in pods:
        pod.start()


def test_a_post_is_not_sent_twice(shop):
    pods = [shop.pod(name) for name in ("first", "second")]
    shop.serves(*pods)
    url = f"http://{shop.host}/?hang_up=1"
    assert shop.site.web.ask(url, "POST", body=b"x").status == 502
    assert sum(len(pod.seen) for pod in pods) == 1


def test_idle_connections_are_used_again(shop):
    pod = shop.pod("kept")
    shop.serves(pod)
    shop.answers(20)
    ports = {asked["connection"] for asked in pod.seen}
    assert len(ports) < 10


def test_scaled_to_nothing_answers_503_and_back_again(shop):
    pod = shop.pod("only")
    shop.serves(pod)
    shop.serves()
    assert shop.answers(1) == [503]
    shop.serves(pod)
    assert shop.answers(1) == ["only"]


def statuses_until_200(web, url: str) -> list[int]:
    seen = []

    def is_served() -> bool:
        seen.append(web.status(url))
        return seen[-1] == 200

    eventually(is_served, every_s=0.001)
    return seen


def test_a_new_service_is_live_together_with_its_endpoints(shop):
    """A rule that is served at all is never without a peer."""
    pod = shop.pod("pod")
    shop.serves(pod)
    for number in range(3):
        host = f"new-{number}.test"
        name = f"new-{number}"
        new = ingress(rule(host, ("Prefix", "/", name)), name=name)
        shop.site.rewrite([*shop.things(pod), new, *shop.site.published(name)])
        assert set(statuses_until_200(shop.site.web, f"http://{host}/")) <= {404, 200}


# --- restarts -----------------------------------------------------------------------------------


def test_a_killed_nginx_comes_back_with_the_newest_endpoints(shop):
    old, new = shop.pod("before"), shop.pod("after")
    shop.serves(old)
    shop.rolls_out(new)
    nginx = shop.site.pair.process("nginx")
    nginx.send_signal(signal.SIGKILL)
    seen = []

    def is_back() -> bool:
        try:
            seen.extend(shop.answers(1))
        except (OSError, http.client.HTTPException):
            return False
        return shop.site.pair.process("nginx").pid != nginx.pid and len(seen) > 3

    eventually(is_back, within_s=20)
    assert set(seen) == {"after"}


@pytest.mark.parametrize("who", ["reloader", "generator"])
def test_a_killed_program_goes_on_with_the_newest_endpoints(who, shop):
    old, new = shop.pod("old"), shop.pod("new")
    shop.serves(old)
    shop.site.pair.process(who).send_signal(signal.SIGKILL)
    shop.rolls_out(new)
    assert set(shop.answers()) == {"new"}


def test_what_a_reload_finds_is_what_came_without_one(shop):
    old, new = shop.pod("old"), shop.pod("new")
    shop.serves(old)
    shop.rolls_out(new)
    shop.serves(new, proxy_body_size="2m")
    assert set(shop.answers()) == {"new"}


# --- who may write ------------------------------------------------------------------------------


def post(shop, body: bytes, key: str | None = None, method: str = "POST") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", shop.site.pair.status_port, timeout=5)
    headers = {"X-Pillion-Key": key} if key else {}
    connection.request(method, "/endpoints", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


STOLEN = b"* stolen\n"


def test_whoever_lacks_the_key_changes_nothing(shop):
    pod = shop.pod("mine")
    shop.serves(pod)
    token = post(shop, b"", method="GET")[1]
    assert post(shop, STOLEN)[0] == 403
    assert post(shop, STOLEN, "0" * 64)[0] == 403
    assert post(shop, STOLEN, method="PUT")[0] == 405
    assert post(shop, b"", method="GET")[1] == token
    assert shop.answers(1) == ["mine"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"no tokens", 400),
        (b"another-token next\n", 409),
        (b"* x\n{name} 127.0.0.1:0\n", 400),
        (b"* x\n{name} 127.0.0.1:65536\n", 400),
        (b"* x\n{name} localhost:80\n", 400),
        (b"* x\n{name} unix:/tmp/x\n", 400),
        (b"* x\n{name}127.0.0.1:80\n", 400),
        (b"* x\n{name}\0 127.0.0.1:80\n", 400),
        (b"* x\n token 127.0.0.1:80\n", 400),
        (b"* x\n" + b"a" * (1 << 19), 413),
    ],
)
def test_a_malformed_body_is_refused_whole(shop, body, status):
    pod = shop.pod("mine")
    shop.serves(pod)
    key = shop.volume.endpoints_key.read_text()
    endpoints = Endpoints.parse(shop.volume.live_endpoints.read_bytes())
    name = next(name for name in endpoints.by_upstream() if "shop" in name)
    good_line = f"* x\n{name} 127.0.0.1:9\n".encode()
    if body.startswith(b"* x\n"):
        body = good_line + body.removeprefix(b"* x\n").replace(b"{name}", name.encode())
    assert post(shop, body, key)[0] == status
    assert post(shop, b"", method="GET")[1].strip() == endpoints.token
    assert shop.answers(1) == ["mine"]


def test_what_nginx_does_not_take_it_gets_by_a_reload(shop):
    """Its key is another than the reloader's: the file was lost with both of them away."""
    old, new = shop.pod("old"), shop.pod("new")
    shop.serves(old)
    generation = shop.status.serving
    shop.volume.endpoints_key.unlink()
    shop.site.pair.process("reloader").send_signal(signal.SIGKILL)
    shop.rolls_out(new)
    assert set(shop.answers()) == {"new"}
    assert shop.status.serving == generation
    assert shop.site.pair.logs("endpoints.refused")


def test_the_status_says_that_lua_works(shop):
    status = read_or_none(shop.volume.status, Status.parse)
    assert status is not None
    assert status.lua
    assert all(module.endswith(".so") for module in status.lua_modules)
