"""The status of an Ingress: our address, once it is served, as long as it is ours."""

import signal

import pytest

from reloader.contract import Volume
from tests.drivers.ingresses import ingress, rule
from tests.drivers.web import Web
from tests.lab.client import Client
from tests.lab.objects import publish, service
from tests.lab.waiting import eventually

ADDRESS = "10.77.0.1"
pytestmark = pytest.mark.usefixtures("pair")


@pytest.fixture(scope="module")
def pair(start_pair, make_class):
    with make_class("ours"), start_pair(f"--publish-status-address={ADDRESS}") as pair:
        yield pair


@pytest.fixture
def shop(cluster, backend):
    """Its Ingress, with a backend that answers."""
    publish(cluster, "echo", backend("echo"))
    return ingress(rule("foo.test", ("Prefix", "/", "echo")), ingressClassName="ours")


def test_an_address_appears_once_the_configuration_serves(pair, cluster, shop):
    for _ in range(10):
        cluster.create(shop)
        eventually(lambda: _addresses(cluster) == [{"ip": ADDRESS}], every_s=0.001)
        assert Web(pair.http_port).status("http://foo.test/") == 200
        cluster.delete("Ingress", "shop")


def test_no_address_appears_as_long_as_the_configuration_does_not_serve(pair, cluster, shop):
    reloader = pair.process("reloader")
    reloader.send_signal(signal.SIGSTOP)
    try:
        cluster.create(shop)
        wish = Volume(pair.volume).wish
        eventually(lambda: b"server_name foo.test" in wish.read_bytes())
        assert _addresses(cluster) == []
    finally:
        reloader.send_signal(signal.SIGCONT)
    eventually(lambda: _addresses(cluster) == [{"ip": ADDRESS}])


def test_addresses_go_when_the_ingress_is_no_longer_ours(cluster, shop, make_class):
    cluster.create(shop)
    eventually(lambda: _addresses(cluster))
    with make_class("theirs", "example.com/another"):
        cluster.patch("Ingress", "shop", {"spec": {"ingressClassName": "theirs"}})
        eventually(lambda: not _addresses(cluster))


def test_addresses_go_when_the_class_goes(cluster, shop, make_class):
    with make_class("passing"):
        cluster.create(shop | {"spec": shop["spec"] | {"ingressClassName": "passing"}})
        eventually(lambda: _addresses(cluster))
    eventually(lambda: not _addresses(cluster))


def test_addresses_of_another_controller_are_left_alone(cluster, shop, make_class):
    theirs = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    with make_class("theirs", "example.com/another"):
        foreign = shop | {"spec": shop["spec"] | {"ingressClassName": "theirs"}}
        cluster.create(foreign)
        cluster.patch("Ingress", "shop", {"status": theirs}, subresource="status")
        cluster.create(shop | {"metadata": {"name": "sign"}})
        eventually(lambda: _addresses(cluster, "sign"))
        assert _addresses(cluster) == [{"ip": "192.0.2.7"}]


def test_the_addresses_of_the_published_service_are_followed(start_pair, make_class, cluster, shop):
    cluster.create(service("front", type="LoadBalancer"))
    second = "example.com/second"
    flags = (f"--publish-service={cluster.namespace}/front", f"--controller-class={second}")
    with make_class("second", second), start_pair(*flags):
        cluster.create(shop | {"spec": shop["spec"] | {"ingressClassName": "second"}})
        for front in ({"ip": "192.0.2.1"}, {"hostname": "front.example.com"}):
            status = {"status": {"loadBalancer": {"ingress": [front]}}}
            cluster.patch("Service", "front", status, subresource="status")
            eventually(lambda front=front: _addresses(cluster) == [front])


def _addresses(cluster: Client, name: str = "shop") -> list[dict]:
    """The addresses in the status of an Ingress."""
    published = cluster.get("Ingress", name)["status"]["loadBalancer"].get("ingress", [])
    return [{key: each[key] for key in ("ip", "hostname") if key in each} for each in published]
