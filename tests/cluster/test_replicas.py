"""Several replicas on one apiserver: one of them writes status and Events."""

import signal
from contextlib import ExitStack

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import publish
from tests.lab.waiting import eventually

LEASE = "replicas"
ADDRESSES = {"10.77.0.1": 0, "10.77.0.2": 1, "10.77.0.3": 2}
"""Each replica publishes another, so that who wrote can be told."""
pytestmark = pytest.mark.usefixtures("replicas")


@pytest.fixture(scope="module")
def replicas(start_pair):
    with ExitStack() as running:
        yield [
            running.enter_context(
                start_pair(
                    "--watch-ingress-without-class",
                    f"--election-id={LEASE}",
                    f"--publish-status-address={address}",
                )
            )
            for address in ADDRESSES
        ]


@pytest.fixture
def created(cluster, backend):
    """Creates an Ingress of this name, and returns which replica wrote its status."""
    publish(cluster, "echo", backend("echo"))

    def create(name: str) -> int:
        cluster.create(ingress(rule(f"{name}.test", ("Prefix", "/", "echo")), name=name))
        return eventually(lambda: [_writer(cluster, name)], within_s=15)[0]

    return create


def _writer(cluster, name: str) -> int:
    addresses = cluster.get("Ingress", name)["status"]["loadBalancer"].get("ingress")
    assert addresses, f"{name} has no address yet"
    return ADDRESSES[addresses[0]["ip"]]


def test_one_writes_and_another_when_it_is_killed_or_told_to_end(replicas, created, cluster):
    writers = [created("first"), created("second")]
    assert writers[0] == writers[1]
    killed = replicas[writers[0]].process("generator")
    killed.send_signal(signal.SIGKILL)
    third = created("third")
    eventually(lambda: replicas[writers[0]].process("generator").pid != killed.pid)
    replicas[third].process("generator").send_signal(signal.SIGTERM)
    created("fourth")
    # Who leads now has taken over what was written before.
    names = ("first", "second", "third", "fourth")
    eventually(lambda: len({_writer(cluster, name) for name in names}) == 1)


def test_a_stopped_leader_writes_no_more_when_it_goes_on(replicas, created, cluster):
    leader = created("before")
    stopped = replicas[leader].process("generator")
    stopped.send_signal(signal.SIGSTOP)
    try:
        successor = created("meanwhile")
        assert successor != leader
    finally:
        stopped.send_signal(signal.SIGCONT)
    eventually(lambda: replicas[leader].logs("leader.lost"))
    assert [created(f"after-{n}") for n in range(5)] == [successor] * 5
    assert _writer(cluster, "meanwhile") == successor
