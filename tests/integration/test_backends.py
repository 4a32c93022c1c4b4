"""What a rule names, and where its requests go."""

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import endpoint_slice, service

FOO = "http://foo.test/"


def test_a_port_is_found_by_its_number_and_by_its_name(site):
    site.holds(
        ingress(rule("number.test", ("Prefix", "/", "echo"), port={"number": 80}), name="number"),
        ingress(rule("name.test", ("Prefix", "/", "echo"), port={"name": "http"}), name="name"),
        ingress(rule("none.test", ("Prefix", "/", "echo"), port={"number": 81}), name="none"),
    )
    answers = [site.answers(f"http://{host}.test/") for host in ("number", "name", "none")]
    assert answers == ["echo", "echo", 503]


def test_each_port_of_a_service_has_its_own_endpoints(site):
    ports = [{"name": "web", "port": 80}, {"name": "admin", "port": 9000}]
    slices = endpoint_slice("echo", site.backend("web"))
    slices["ports"] = [
        {"name": "admin", "port": site.backend("admin").port},
        {"name": "web", "port": site.backend("web").port},
    ]
    site.holds(
        ingress(rule("web.test", ("Prefix", "/", "echo")), name="web"),
        ingress(rule("admin.test", ("Prefix", "/", "echo"), port={"number": 9000}), name="admin"),
        service("echo", ports=ports),
        slices,
    )
    assert (site.answers("http://web.test/"), site.answers("http://admin.test/")) == (
        "web",
        "admin",
    )


def test_a_service_without_endpoints_is_answered_503(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"))
    assert site.answers(FOO) == 503


def test_a_service_that_is_not_there_is_answered_503_until_it_is(site):
    without = ingress(rule("foo.test", ("Prefix", "/", "echo")))
    site.write([without])
    assert site.answers(FOO) == 503
    site.write([without, *site.published("echo")])
    assert site.answers(FOO) == "echo"


def test_endpoints_of_several_slices_are_one_set_and_share_the_requests(site):
    one, two = (endpoint_slice("echo", site.backend(name)) for name in ("one", "two"))
    two["metadata"]["name"] = "echo-two"
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), one, two)
    assert {site.answers(FOO) for _ in range(20)} == {"one", "two"}


def test_an_endpoint_that_is_not_ready_gets_nothing(site):
    ready = endpoint_slice("echo", site.backend("ready"))
    unready = endpoint_slice("echo", site.backend("unready"), ready=False)
    unready["metadata"]["name"] = "echo-unready"
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), ready, unready)
    assert {site.answers(FOO) for _ in range(10)} == {"ready"}


def test_terminating_endpoints_that_serve_are_used_where_none_is_ready(site):
    leaving = endpoint_slice("echo", site.backend("leaving"))
    conditions = {"ready": False, "serving": True, "terminating": True}
    leaving["endpoints"][0]["conditions"] = conditions
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), leaving)
    assert site.answers(FOO) == "leaving"


def test_terminating_endpoints_get_nothing_where_one_is_ready(site):
    leaving = endpoint_slice("echo", site.backend("leaving"))
    leaving["metadata"]["name"] = "echo-leaving"
    conditions = {"ready": False, "serving": True, "terminating": True}
    leaving["endpoints"][0]["conditions"] = conditions
    staying = endpoint_slice("echo", site.backend("staying"))
    whole = ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), leaving, staying
    site.holds(*whole)
    assert {site.answers(FOO) for _ in range(10)} == {"staying"}


def test_an_endpoint_may_have_an_ipv6_address(site):
    six = endpoint_slice("echo", site.backend("six", "::1"))
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), six)
    assert site.answers(FOO) == "six"


def test_an_external_name_is_followed(site):
    port = site.backend("outside").port
    outside = service("echo", port=port, type="ExternalName", externalName="localhost")
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"), port={"number": port})), outside)
    assert site.answers(FOO) == "outside"


def test_a_resource_backend_is_refused_with_a_problem_and_costs_its_own_path(site):
    mixed = ingress(rule("foo.test", ("Prefix", "/", "echo"), ("Prefix", "/static", "gone")))
    resource = {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "assets"}
    mixed["spec"]["rules"][0]["http"]["paths"][1]["backend"] = {"resource": resource}
    site.holds(mixed)
    assert (site.answers(FOO), site.answers("http://foo.test/static")) == ("echo", 503)
    assert "StorageBucket" in site.problem("backend-not-supported")


@pytest.mark.parametrize("slices", [1, 3])
def test_moving_endpoints_move_the_requests(slices, site):
    for turn in range(slices):
        where = endpoint_slice("echo", site.backend(f"turn-{turn}"))
        site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))), service("echo"), where)
        assert site.answers(FOO) == f"turn-{turn}"
