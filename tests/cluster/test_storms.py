"""Promise D: an apiserver whose state goes back, rights that come and go, and sheer size."""

import itertools
import time

import pytest

from tests.drivers.ingresses import PREFIX, ingress, rule
from tests.drivers.pair import Pair
from tests.drivers.web import Web
from tests.lab.objects import publish
from tests.lab.waiting import eventually

SERVED_WITHIN_S = 5
STORM_S = 15
A_SECOND = 200
RULES = [
    {"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]}
    for group, resources in (
        ("", ["services", "secrets"]),
        ("networking.k8s.io", ["ingresses", "ingressclasses"]),
        ("discovery.k8s.io", ["endpointslices"]),
    )
]


@pytest.fixture(scope="module")
def pair(start_pair):
    with start_pair("--watch-ingress-without-class") as pair:
        yield pair


@pytest.fixture
def old(pair, cluster, backend):
    """old.test is served, no more by what the last test had, and is asked all the while."""
    _served(pair, "old", 404)
    publish(cluster, "echo", backend("echo"))
    _create(cluster, "old")
    _served(pair, "old")
    with pair.keepalive_clients("old.test") as tally:
        yield tally
    assert tally.failures == []


@pytest.mark.usefixtures("old")
def test_an_etcd_that_went_back_to_an_older_state_is_believed(pair, control_plane, cluster):
    with control_plane.etcd_goes_back():
        _create(cluster, "lost")
        _served(pair, "lost")
    _served(pair, "lost", 404)
    _create(cluster, "after-etcd")
    _served(pair, "after-etcd")


def test_rights_that_are_taken_away_and_given_back_cost_no_request(
    control_plane, cluster, backend, tmp_path
):
    publish(cluster, "echo", backend("echo"))
    _create(cluster, "old")
    token = control_plane.cluster_service_account("narrow", cluster.namespace, RULES)
    role = f"{cluster.namespace}-narrow"
    flags = [f"--kubeconfig={control_plane.kubeconfig(token=token)}"]
    with Pair(tmp_path, [*flags, "--watch-ingress-without-class"]) as pair:
        _served(pair, "old")
        with pair.keepalive_clients("old.test") as tally:
            control_plane.admin.patch("ClusterRole", role, {"rules": RULES[:1]})
            control_plane.restart_apiserver()  # a watch outlives the right to it
            eventually(lambda: pair.logs("cluster.forbidden"))
            _create(cluster, "unseen")
            control_plane.admin.patch("ClusterRole", role, {"rules": RULES})
            _served(pair, "unseen")
        assert tally.failures == []


@pytest.mark.usefixtures("old")
def test_an_object_of_a_megabyte_costs_no_one(pair, cluster):
    tls = [{"hosts": ["big.test"], "secretName": "big"}]
    big = ingress(rule("big.test", ("Prefix", "/", "echo")), name="big", tls=tls)
    big["metadata"]["annotations"] = {f"example.com/{n}": "x" * 1000 for n in range(250)}
    cluster.create(big)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}}
    cluster.create(config | {"data": {"text": "x" * 1_000_000}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "big"}}
    cluster.create(secret | {"stringData": {"text": "x" * 1_000_000}})
    _create(cluster, "beside-the-big")
    _served(pair, "beside-the-big")
    _served(pair, "big", 308)


@pytest.mark.usefixtures("old")
def test_an_ingress_with_5000_paths_costs_no_one(pair, cluster):
    paths = [("Exact", f"/path-{number}", "echo") for number in range(5000)]
    cluster.create(ingress(rule("wide.test", *paths), name="wide"))
    _create(cluster, "beside-the-wide")
    _served(pair, "beside-the-wide")
    _served(pair, "wide", path="/path-4999")


@pytest.mark.usefixtures("old")
def test_a_newcomer_is_served_within_a_storm_of_200_changes_a_second(pair, cluster):
    for number in range(10):
        _create(cluster, f"stormy-{number}")
    changes, began = itertools.count(1), time.monotonic()
    for second in range(STORM_S):
        while time.monotonic() < began + second + 1:
            number = next(changes)
            note = {"metadata": {"annotations": {f"{PREFIX}/proxy-read-timeout": str(number)}}}
            cluster.patch("Ingress", f"stormy-{number % 10}", note)
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        if second in (5, 10):
            _create(cluster, f"calm-{second}")
            _served(pair, f"calm-{second}")
    print(f"{next(changes) / STORM_S:.0f} changes a second")


def _create(cluster, name: str, **spec: object) -> None:
    cluster.create(ingress(rule(f"{name}.test", ("Prefix", "/", "echo")), name=name, **spec))


def _served(pair, name: str, status: int = 200, path: str = "/") -> None:
    web, url, began = Web(pair.http_port), f"http://{name}.test{path}", time.monotonic()
    eventually(lambda: web.status(url) == status, within_s=SERVED_WITHIN_S, every_s=0.02)
    # The first answer may be of a new worker while an old one still answers as before.
    eventually(pair.is_settled, within_s=SERVED_WITHIN_S, every_s=0.02)
    print(f"{name} answers {status} after {time.monotonic() - began:.2f} s")
