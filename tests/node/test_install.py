"""`helm install` with the chart's defaults."""

import json
import re

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.drivers.pods import run_echo

ERROR = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] ")
"""How nginx begins a line of its error log, whose form cannot be chosen."""
FOO = "http://k8s.meiqia.com/foo"


@pytest.fixture(scope="module")
def release(install):
    return install()


@pytest.fixture(scope="module")
def seed(plane, release):
    """The scenario that Pillion began with, in pods."""
    client = plane.create_namespace("seed")
    run_echo(client, "echoheaders-default")
    rules = rule("k8s.meiqia.com", ("Prefix", "/foo", "echoheaders-default"))
    client.create(ingress(rules, name="echomap", ingressClassName="nginx"))
    release.wait_served(FOO)
    yield release.web()
    client.delete("Ingress", "echomap")


def test_the_seed_scenario_answers_at_the_node_port(seed):
    echo = seed.ask(FOO, headers={"X-Own": "yes"}).echo
    assert (echo["backend"], echo["path"]) == ("echoheaders-default", "/foo")
    assert echo["headers"]["X-Own"] == "yes"
    for url in ("http://k8s.meiqia.com/", "http://another.test/foo"):
        reply = seed.ask(url)
        assert (reply.status, reply.body) == (404, b"default backend - 404")


def test_helm_s_own_test_passes(release):
    assert "Succeeded" in release.test()


def test_no_image_is_pulled(release):
    reasons = {event["reason"] for event in release.api.list("Event")}
    assert "Started" in reasons
    assert not reasons & {"Pulling", "Failed", "BackOff"}


@pytest.mark.parametrize("container", ["generator", "reloader"])
def test_every_line_of_the_pair_s_logs_is_a_json_object(release, container):
    lines = release.logs(container)
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_every_line_of_nginx_s_log_is_a_json_object_or_an_error_as_nginx_alone_can_say_it(
    release, seed
):
    seed.ask(FOO)
    lines = [line for pod in release.pod_names() for line in release.logs("nginx", pod)]
    requests = [json.loads(line) for line in lines if not ERROR.match(line)]
    assert any("/foo" in request.values() for request in requests)


@pytest.mark.parametrize("container", ["generator", "reloader"])
def test_no_request_fails_when_a_program_of_the_pair_is_killed(release, serve, machine, container):
    host = serve(release, f"killed-{container}.test")
    with release.load(host) as tally:
        release.kill(machine, container)
        serve(release, f"after-{container}.test")
    assert tally.failures == []
    assert tally.answered > 100


def test_everything_serves_again_after_nginx_is_killed(release, serve, machine):
    serve(release, "before-nginx.test")
    release.kill(machine, "nginx")
    serve(release, "after-nginx.test")
    assert release.web().status("http://before-nginx.test/") == 200
