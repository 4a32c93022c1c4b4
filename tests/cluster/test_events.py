"""What `kubectl describe ingress` shows of problems, by a real apiserver."""

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import publish
from tests.lab.waiting import eventually

pytestmark = pytest.mark.usefixtures("pair")


@pytest.fixture(scope="module")
def pair(start_pair):
    with start_pair("--watch-ingress-without-class") as pair:
        yield pair


@pytest.fixture
def events(cluster):
    """Type, reason and message of each event on an Ingress of the test."""

    def told():
        found = cluster.list("Event")
        return [
            (event["type"], event["reason"], event["message"])
            for event in found
            if event["involvedObject"]["kind"] == "Ingress"
        ]

    return told


def shop(size):
    return ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations={"proxy-body-size": size})


def test_a_mistake_is_an_event_that_changes_when_it_is_mended(cluster, events, backend):
    publish(cluster, "echo", backend("echo"))
    cluster.create(shop("8 megabytes"))
    ((kind, reason, message),) = eventually(events)
    assert (kind, reason) == ("Warning", "AnnotationInvalid")
    assert message.startswith('proxy-body-size: "8 megabytes" is not')
    cluster.patch("Ingress", "shop", {"metadata": shop("8m")["metadata"]})
    eventually(lambda: events()[0][0] == "Normal")
    assert len(events()) == 1
