"""What its owners do to a running release, under keep-alive clients that notice every fault."""

from itertools import count
from pathlib import Path

import pytest

import generator.nginx
from tests.lab.client import ApiError
from tests.lab.waiting import eventually

_numbers = count(1)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def release(install):
    return install()


@pytest.fixture
def under_load(release, serve):
    """Clients that send all the while; the test fails where a request does."""
    host = serve(release, f"busy-{next(_numbers)}.test")  # never one that is just being removed
    with release.load(host) as tally:
        yield host
        eventually(lambda: tally.answered > 100)
    assert tally.failures == []


@pytest.mark.usefixtures("under_load")
def test_scaling_from_one_to_three_and_back_fails_no_request(release):
    for replicas in (1, 3, 1):
        release.upgrade({"controller": {"replicaCount": replicas}})


@pytest.mark.usefixtures("under_load")
def test_a_rolling_update_fails_no_request(release):
    before = release.pod()
    release.upgrade({"controller": {"podAnnotations": {"turn": "next"}}})
    assert release.pod() != before


@pytest.mark.usefixtures("under_load")
def test_a_pod_that_is_deleted_fails_no_request_where_there_are_two(release):
    release.upgrade()
    release.api.delete("Pod", release.pod())
    release.wait_settled()


@pytest.mark.usefixtures("under_load")
def test_a_node_that_is_drained_keeps_one_pod_until_another_is_ready(release, plane):
    release.upgrade()
    first, second = release.pod_names()
    plane.kubectl("cordon", "node1")
    evict(release, first)
    with pytest.raises(ApiError, match="disruption budget"):
        evict(release, second)
    plane.kubectl("uncordon", "node1")
    release.wait_settled()
    evict(release, second)
    release.wait_settled()


def test_a_template_from_the_values_goes_live_without_a_new_pod(release, under_load):
    release.upgrade({"controller": {"templates": {"server.j2": marked("old")}}})
    pods = release.pod_names()
    web = release.web()
    release.upgrade({"controller": {"templates": {"server.j2": marked("new")}}})
    eventually(lambda: web.ask(f"http://{under_load}/").headers["X-Template"] == "new", within_s=90)
    assert release.pod_names() == pods


def evict(release, pod):
    """As `kubectl drain` does: by the API that respects PodDisruptionBudgets."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    release.api.request("POST", release.api.path("Pod", pod, "eviction"), body)


def marked(mark):
    """The built-in template of a server, with a header that tells it from others."""
    name = "    server_name {{ server.name }};\n"
    text = (Path(generator.nginx.__file__).parent / "templates" / "server.j2").read_text()
    assert name in text
    return text.replace(name, f"{name}    add_header X-Template {mark} always;\n")
