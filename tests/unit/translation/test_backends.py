"""From what a rule names to where requests go."""

import ipaddress

import pytest

from generator.model import Endpoint, Protocol, Proxy, ProxyByName
from generator.objects import Kind, Name, ObjectRef
from generator.problems import Code, Severity
from generator.translation import references
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.snapshots import (
    backends,
    built,
    locations,
    options,
    published,
    snapshot,
    told,
    upstreams,
)


def in_namespace(namespace, *things):
    return [
        {**thing, "metadata": {**thing["metadata"], "namespace": namespace}} for thing in things
    ]


def shop(port=None, **more):
    return ingress(rule("shop.test", ("Prefix", "/", "web"), port=port), **more)


def slice_of(service, *endpoints, port=8080, family="IPv4", name="more", port_name="http"):
    labels = {"kubernetes.io/service-name": service}
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": labels},
        "addressType": family,
        "endpoints": [{"addresses": [a], "conditions": c} for a, c in endpoints],
        "ports": [{"name": port_name, "port": port}],
    }


def endpoints(found):
    (upstream,) = found.model.upstreams
    return [f"{each.address}:{each.port}" for each in upstream.endpoints]


# --- names ------------------------------------------------------------------------------------


def test_services_whose_names_run_into_each_other_never_share_an_upstream():
    here = [ingress(rule("here.test", ("Prefix", "/", "c"))), *published("c", "10.0.0.1")]
    there = [ingress(rule("there.test", ("Prefix", "/", "b-c"))), *published("b-c", "10.0.0.2")]
    found = built(*in_namespace("a-b", *here), *in_namespace("a", *there))
    assert upstreams(found)["a-b/c"].endpoints == (Endpoint("10.0.0.1", 8080),)
    assert upstreams(found)["a/b-c"].endpoints == (Endpoint("10.0.0.2", 8080),)


def test_protocols_and_ports_of_one_number_have_upstreams_of_their_own():
    names = {
        upstream.name
        for protocol in ("HTTP", "GRPC")
        for upstream in built(shop(annotations={"backend-protocol": protocol})).model.upstreams
    }
    assert len(names) == 2


def test_two_names_of_one_number_are_two_ports():
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 80}]
    paths = [("Prefix", "/a", "web"), ("Prefix", "/b", "web")]
    rules = [rule("shop.test", path, port={"name": path[1][1:]}) for path in paths]
    service, _ = published("web", ports=ports)
    slices = [
        slice_of("web", (f"10.0.0.{n}", {}), name=name, port_name=name)
        for n, name in enumerate("ab", start=1)
    ]
    found = built(ingress(*rules), service, *slices)
    assert sorted(each.endpoints for each in found.model.upstreams) == [
        (Endpoint("10.0.0.1", 8080),),
        (Endpoint("10.0.0.2", 8080),),
    ]


# --- ports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}])
def test_a_port_is_found_by_number_or_by_name(port):
    assert endpoints(built(shop(port))) == ["10.0.0.1:8080"]


def test_a_port_that_carries_no_tcp_is_passed_over():
    ports = [
        {"name": "quic", "port": 443, "protocol": "UDP"},
        {"name": "http", "port": 443, "protocol": "TCP"},
    ]
    found = built(shop({"number": 443}), *published("web", ports=ports))
    assert endpoints(found) == ["10.0.0.1:8080"]


@pytest.mark.parametrize("port", [{"number": 8443}, {"name": "https"}])
def test_what_the_pods_listen_on_is_taken_for_the_port_as_in_ingress_nginx_and_told(port):
    target = port.get("name") or port["number"]
    ports = [{"name": "http", "port": 80, "targetPort": target}]
    found = built(shop(port), *published("web", ports=ports))
    assert endpoints(found) == ["10.0.0.1:8080"]
    assert told(found) == [
        "info default/shop spec.rules[0].http.paths[0].backend: "
        f"{target} is what the Pods listen on, not a port of Service default/web."
    ]


def test_a_port_that_is_not_there_is_answered_503_and_the_others_are_named():
    found = built(shop({"name": "grpc\n"}))
    assert backends(found) == {"/": "503"}
    (problem,) = found.problems
    assert problem.message == r'Service default/web has no port "grpc\n".'
    assert problem.advice.startswith("Name one of its ports: 80 (http).")


# --- endpoints --------------------------------------------------------------------------------

TERMINATING = {"ready": False, "serving": True, "terminating": True}


def web(*slices):
    service, _ = published("web")
    return built(shop(), service, *slices)


def test_endpoints_are_ready_unless_they_say_no():
    found = web(slice_of("web", ("10.0.0.2", {}), ("10.0.0.1", {"ready": True})))
    assert endpoints(found) == ["10.0.0.1:8080", "10.0.0.2:8080"]


def test_terminating_endpoints_that_still_serve_are_used_only_when_no_other_is_ready():
    leaving, ready = ("10.0.0.1", TERMINATING), ("10.0.0.2", {"ready": True})
    assert endpoints(web(slice_of("web", leaving, ready))) == ["10.0.0.2:8080"]
    assert endpoints(web(slice_of("web", leaving, ("10.0.0.3", {"ready": False})))) == [
        "10.0.0.1:8080"
    ]


def test_an_address_that_stands_in_two_slices_is_one_endpoint_and_both_families_are_used():
    found = web(
        slice_of("web", ("10.0.0.1", {}), name="a"),
        slice_of("web", ("10.0.0.1", {}), name="b"),
        slice_of("web", ("fd00::1", {}), family="IPv6", name="c"),
        slice_of("web", ("web.test", {}), family="FQDN", name="d"),
    )
    assert endpoints(found) == ["10.0.0.1:8080", "fd00::1:8080"]


@pytest.mark.parametrize(
    "of_none",
    [
        slice_of("web"),
        slice_of("web", ("10.0.0.1", {"ready": False})),
        slice_of("web", ("10.0.0.1", {}), port=0),
        slice_of("web", ("10.0.0.1", {}), port=65536),
        slice_of("web", ("10.0.0.1", {}), port_name="metrics"),
        slice_of("web", ("10.0.0.1;", {})),
        slice_of("web", ("fe80::1%eth0", {}), family="IPv6"),
        slice_of("other", ("10.0.0.1", {})),
    ],
)
def test_no_usable_endpoint_is_answered_503_and_told(of_none):
    found = web(of_none)
    assert backends(found) == {"/": "503"}
    assert [problem.code for problem in found.problems] == [Code.NO_ENDPOINTS]


LISTENED = [{"name": "http", "port": 80, "targetPort": 8080}]


@pytest.mark.parametrize("before", ["web", ""])
def test_a_port_that_is_renamed_keeps_its_endpoints_until_the_slices_follow(before):
    service, _ = published("web", ports=LISTENED)
    found = built(shop(), service, slice_of("web", ("10.0.0.1", {}), port_name=before))
    assert endpoints(found) == ["10.0.0.1:8080"]
    assert [(p.code, p.severity) for p in found.problems] == [(Code.PORT_RENAMED, Severity.INFO)]


def test_slices_that_have_followed_count_alone():
    service, _ = published("web", ports=LISTENED)
    behind = slice_of("web", ("10.0.0.1", {}), name="behind", port_name="web")
    ahead = slice_of("web", ("10.0.0.2", {}), name="ahead")
    found = built(shop(), service, behind, ahead)
    assert (endpoints(found), found.problems) == (["10.0.0.2:8080"], ())


def test_a_port_is_not_taken_for_another_of_its_service_or_of_another_protocol():
    ports = [*LISTENED, {"name": "admin", "port": 81, "targetPort": 8080}]
    service, _ = published("web", ports=ports)
    udp = slice_of("web", ("10.0.0.1", {}), name="udp", port_name="quic")
    udp["ports"][0]["protocol"] = "UDP"
    found = built(shop(), service, slice_of("web", ("10.0.0.1", {}), port_name="admin"), udp)
    assert backends(found) == {"/": "503"}


@pytest.mark.parametrize(
    ("name", "port", "words"),
    [
        ("", 8080, "port 8080 without a name"),
        ("web", 8080, 'port 8080 named "web"'),
        ("web", 9090, 'port 9090 named "web"'),
    ],
)
def test_endpoints_by_hand_whose_port_has_another_name_are_not_used_and_it_is_told(
    name, port, words
):
    service, _ = published("web", ports=LISTENED)
    by_hand = slice_of("web", ("10.0.0.1", {}), port_name=name, port=port)
    label = "endpointslice.kubernetes.io/managed-by"
    by_hand["metadata"]["labels"][label] = "endpointslicemirroring-controller.k8s.io"
    found = built(shop(), service, by_hand)
    (problem,) = found.problems
    assert backends(found) == {"/": "503"}
    assert problem.message == (
        "Service default/web has no ready endpoint for port http: "
        f'its EndpointSlices have {words}, and none named "http".'
    )
    assert "selector" not in problem.hint


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "169.254.169.254"])
def test_an_endpoint_is_never_on_this_machine_unless_that_is_the_users(address):
    given = (shop(), *published("web", address))
    assert backends(built(*given)) == {"/": "503"}
    assert endpoints(built(*given, loopback=True)) == [f"{address}:8080"]


@pytest.mark.parametrize("address", ["::1", "::", "::ffff:127.0.0.1", "fe80::1"])
def test_nor_is_one_of_the_other_family(address):
    assert backends(built(shop(), *published("web", address))) == {"/": "503"}


# --- what is no Service of endpoints ----------------------------------------------------------


def test_a_resource_is_refused_with_the_way_out():
    paths = [{"pathType": "Prefix", "path": "/", "backend": {"resource": {"kind": "Bucket"}}}]
    found = built(ingress({"host": "shop.test", "http": {"paths": paths}}))
    assert backends(found) == {"/": "503"}
    (problem,) = found.problems
    assert problem.message == 'The backend is "Bucket"; Pillion passes requests to Services only.'


def external(name, port=80, annotations=None, **changes):
    service = {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "ExternalName", "externalName": name},
    }
    found = built(shop({"number": port}, annotations=annotations), service, **changes)
    return locations(found)["/"].handler.action, [problem.code for problem in found.problems]


def test_an_external_name_is_resolved_by_nginx_as_requests_come():
    assert external("Api.Other.test.") == (
        ProxyByName(host="api.other.test", port=80, protocol=Protocol.HTTP),
        [],
    )


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("backend.other.svc", "backend.other.svc.cluster.local"),
        ("backend.other", "backend.other.svc.cluster.local"),
        ("backend.other.", "backend.other"),
        ("example.com", "example.com"),
        ("a.b.example.com", "a.b.example.com"),
        ("backend.other.svc.cluster.local", "backend.other.svc.cluster.local"),
    ],
)
def test_a_short_name_of_a_service_is_completed_as_a_pods_search_list_would(name, asked):
    service = {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "ExternalName", "externalName": name},
    }
    elsewhere = in_namespace("other", *published("backend"))
    given = (shop({"number": 80}), service, *elsewhere)
    found = built(*given, cluster_domain="cluster.local")
    assert locations(found)["/"].handler.action.host == asked
    assert locations(built(*given))["/"].handler.action.host == name.rstrip(".")


def test_an_external_address_is_an_upstream():
    action, problems = external("192.0.2.7", port=8443, annotations={"backend-protocol": "HTTPS"})
    assert isinstance(action, Proxy)
    assert problems == []


def test_nothing_is_in_the_networks_that_the_admin_denies():
    denied = (ipaddress.ip_network("10.0.0.0/8"),)
    assert external("10.0.0.7", denied_networks=denied)[1] == [Code.BACKEND_NOT_SUPPORTED]
    found = built(shop(), *published("web", "10.0.0.1", "192.0.2.1"), denied_networks=denied)
    assert endpoints(found) == ["192.0.2.1:8080"]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "x.localhost",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
    ],
)
def test_an_external_name_never_leads_to_this_machine_unless_it_is_the_users(name):
    action, problems = external(name)
    assert (action.status, problems) == (503, [Code.BACKEND_NOT_SUPPORTED])
    assert external(name, loopback=True)[1] == []


@pytest.mark.parametrize(
    "name",
    [
        "0127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "*.a.test",
        "a b",
        "a.test;",
        "",
        "x y.localhost",
    ],
)
def test_an_external_name_is_one_that_only_dns_can_resolve(name):
    action, problems = external(name, loopback=True)
    assert (action.status, problems) == (503, [Code.BACKEND_NOT_SUPPORTED])


@pytest.mark.parametrize("port", [65536, 99999])
def test_an_external_port_is_one_that_exists(port):
    action, problems = external("192.0.2.7", port=port)
    assert (action.status, problems) == (503, [Code.SERVICE_PORT_NOT_FOUND])


def test_external_names_are_shut_out_where_the_admin_says_so():
    assert external("a.test", external_names=False)[1] == [Code.BACKEND_NOT_SUPPORTED]


# --- defaults ---------------------------------------------------------------------------------


def test_an_ingress_default_backend_answers_paths_without_a_rule_and_unknown_hosts():
    found = built(
        ingress(rule("shop.test", ("Exact", "/a", "web")), defaultBackend=backend("rest"))
    )
    assert backends(found) == {"= /a": "web", "/": "rest"}
    assert backends(found, "") == {"/": "rest"}


def test_the_admins_default_backend_is_the_first_port_of_its_service():
    found = built(*published("fallback"), default_backend=Name("default", "fallback"))
    assert backends(found, "") == {"/": "fallback"}


def test_an_admins_default_backend_that_cannot_answer_is_told_and_unknown_hosts_are_404():
    found = built(default_backend=Name("default", "missing"))
    assert backends(found, "") == {"= /healthz": "200", "/": "404"}
    (problem,) = found.problems
    assert problem.advice.endswith("Meanwhile: Pillion itself answers 404.")


def test_without_any_pillion_itself_answers_and_is_healthy():
    assert backends(built(), "") == {"= /healthz": "200", "/": "404"}


def test_the_secrets_that_are_read_are_those_of_our_own_ingresses_and_the_admins():
    ours = ingress(rule("a.test"), tls=[{"hosts": ["a.test"], "secretName": "a"}, {"hosts": []}])
    theirs = ingress(name="b", ingressClassName="other", tls=[{"secretName": "b"}])
    found = references(
        snapshot(ours, theirs), options(default_certificate=Name("infra", "wildcard"))
    )
    assert found == {
        ObjectRef(Kind.SECRET, Name("default", "a")),
        ObjectRef(Kind.SECRET, Name("infra", "wildcard")),
    }


def test_objects_that_annotations_name_are_read_of_another_namespace_only_by_the_admins_word():
    naming = {"auth-secret": "users", "custom-headers": "other/headers", "auth-tls-x": "x"}
    ours = ingress(rule("a.test"), annotations=naming)
    theirs = ingress(name="b", ingressClassName="other", annotations={"auth-secret": "b"})
    admins = {
        "kind": "ConfigMap",
        "metadata": {"name": "options"},
        "data": {"allow-cross-namespace-resources": "true"},
    }
    at = options(config_map=Name("default", "options"))
    own = ObjectRef(Kind.SECRET, Name("default", "users"))
    others = ObjectRef(Kind.CONFIG_MAP, Name("other", "headers"))
    assert references(snapshot(ours, theirs), at) == {own}
    assert references(snapshot(ours, theirs, admins), at) == {own, others}
