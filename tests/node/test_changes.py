"""What its owners do to a running release, under keep-alive clients that notice every fault."""

from pathlib import Path

import pytest

import generator.nginx
from tests.lab.client import ApiError
from tests.lab.waiting import eventually

pytestmark = pytest.mark.slow
TWO = {"controller": {"replicaCount": 2}}


@pytest.fixture(scope="module")
def release(install):
    return install()


@pytest.fixture
def under_load(release, serve):
    """Clients that send all the while; the test fails where a request does."""
    host = serve(release, "busy.test")
    with release.load(host) as tally:
        yield
        eventually(lambda: tally.answered > 100)
    assert tally.failures == []


@pytest.mark.usefixtures("under_load")
def test_scaling_to_three_and_back_to_one_fails_no_request(release):
    release.upgrade({"controller": {"replicaCount": 3}})
    release.upgrade()


@pytest.mark.usefixtures("under_load")
def test_a_rolling_update_fails_no_request(release):
    before = release.pod()
    release.upgrade({"controller": {"podAnnotations": {"turn": "next"}}})
    assert release.pod() != before


@pytest.mark.usefixtures("under_load")
def test_a_pod_that_is_deleted_fails_no_request_where_there_are_two(release):
    release.upgrade(TWO)
    release.api.delete("Pod", release.pod())
    release.wait_settled()


@pytest.mark.usefixtures("under_load")
def test_a_node_that_is_drained_keeps_one_pod_until_another_is_ready(release, plane):
    release.upgrade(TWO)
    first, second = release.pod_names()
    plane.kubectl("cordon", "node1")
    evict(release, first)
    with pytest.raises(ApiError, match="disruption budget"):
        evict(release, second)
    plane.kubectl("uncordon", "node1")
    release.wait_settled()
    evict(release, second)
    release.wait_settled()


@pytest.mark.usefixtures("under_load")
def test_a_template_from_the_values_goes_live_without_a_new_pod(release):
    release.upgrade({"controller": {"templates": {"server.j2": marked("old")}}})
    pods = release.pod_names()
    web = release.web()
    release.upgrade({"controller": {"templates": {"server.j2": marked("new")}}})
    eventually(lambda: web.ask("http://busy.test/").headers["X-Template"] == "new", within_s=90)
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
