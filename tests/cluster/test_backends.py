"""Every kind of backend that the apiserver lets an Ingress name."""

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import endpoint_slice, publish, service
from tests.lab.waiting import eventually

FOO = "http://foo.test/"


@pytest.fixture(scope="module")
def pair(start_pair):
    with start_pair("--watch-ingress-without-class") as pair:
        yield pair


def _eventually(pair, answer: str | int, url: str = FOO) -> None:
    def answers() -> bool:
        reply = pair.web.ask(url)
        told = reply.echo["backend"] if reply.status == 200 else reply.status
        assert told == answer, f"{url} is answered {told}"
        return True

    eventually(answers)


def _shop(port: dict | None = None) -> dict:
    return ingress(rule("foo.test", ("Prefix", "/", "echo"), port=port))


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}], ids=str)
def test_a_port_by_number_and_by_name(port, pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    cluster.create(_shop(port))
    _eventually(pair, "echo")


def test_a_service_with_ipv6_endpoints(pair, cluster, backend):
    cluster.create(service("echo", ipFamilies=["IPv6"]))
    cluster.create(endpoint_slice("echo", backend("six", "fd77::3")))
    cluster.create(_shop())
    _eventually(pair, "six")


def test_a_service_with_slices_of_both_families(pair, cluster, backend):
    publish(cluster, "echo", backend("four", "10.77.4.4"))
    six = endpoint_slice("echo", backend("six", "fd77::3"))
    six["metadata"]["name"] = "echo-six"
    cluster.create(six)
    cluster.create(_shop())
    _eventually(pair, "four")
    _eventually(pair, "six")


def test_an_external_name(pair, cluster, backend):
    outside = backend("outside", "10.77.4.5")
    cluster.create(service("echo", outside.port, type="ExternalName", externalName="10.77.4.5"))
    cluster.create(_shop({"number": outside.port}))
    _eventually(pair, "outside")


def test_terminating_endpoints_once_none_is_ready(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    cluster.create(_shop())
    _eventually(pair, "echo")
    leaving = endpoint_slice("echo", backend("leaving", "10.77.4.6"))
    conditions = {"ready": False, "serving": True, "terminating": True}
    leaving["endpoints"][0]["conditions"] = conditions
    cluster.apply(leaving)
    _eventually(pair, "leaving")


def test_a_resource_is_refused_and_costs_its_own_path(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    mixed = ingress(rule("foo.test", ("Prefix", "/", "echo"), ("Prefix", "/static", "none")))
    resource = {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "assets"}
    mixed["spec"]["rules"][0]["http"]["paths"][1]["backend"] = {"resource": resource}
    cluster.create(mixed)
    _eventually(pair, "echo")
    _eventually(pair, 503, "http://foo.test/static")


def test_a_service_of_another_namespace_is_out_of_reach(pair, control_plane, cluster, backend):
    other = control_plane.create_namespace("other")
    try:
        publish(other, "echo", backend("theirs"))
        cluster.create(_shop())
        _eventually(pair, 503)
    finally:
        control_plane.delete_namespace("other")
