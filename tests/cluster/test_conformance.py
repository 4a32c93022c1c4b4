"""The official Ingress conformance suite, all 30 scenarios, in our own words.

Source: kubernetes-sigs/ingress-controller-conformance, `features/`. As there, each
scenario has a namespace of its own: its objects are made, the address in the status
of its Ingress is awaited, and then it is asked for once, at once, at that address.
Redirects to https are off, which that suite takes for granted.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.drivers import ingresses
from tests.drivers.ingresses import rule
from tests.drivers.web import Reply, Web
from tests.lab.client import Client, Object
from tests.lab.objects import endpoint_slice, service, tls_secret
from tests.lab.pki import Authority
from tests.lab.waiting import eventually


class Scenario(NamedTuple):
    """One request, and the Service that has to answer it."""

    rule: str
    url: str
    service: str = ""
    """Empty: nobody; 404."""
    method: str = "GET"


PATH_RULES = (
    Scenario("exact /foo takes /foo", "http://exact-path-rules/foo", "foo-exact"),
    Scenario("exact /foo leaves /foo/", "http://exact-path-rules/foo/"),
    Scenario("exact /foo leaves /FOO", "http://exact-path-rules/FOO"),
    Scenario("exact /foo leaves /bar", "http://exact-path-rules/bar"),
    Scenario("prefix /foo takes /foo", "http://prefix-path-rules/foo", "foo-prefix"),
    Scenario("prefix /foo takes /foo/", "http://prefix-path-rules/foo/", "foo-prefix"),
    Scenario("prefix /foo leaves /FOO", "http://prefix-path-rules/FOO"),
    Scenario("the longer prefix wins", "http://prefix-path-rules/aaa/bbb", "aaa-slash-bbb-prefix"),
    Scenario(
        "the longer prefix wins below itself",
        "http://prefix-path-rules/aaa/bbb/ccc",
        "aaa-slash-bbb-prefix",
    ),
    Scenario("the shorter takes the rest", "http://prefix-path-rules/aaa/ccc", "aaa-prefix"),
    Scenario("a prefix ends with an element", "http://prefix-path-rules/aaaccc"),
    Scenario("prefix /foo takes /foo/, again", "http://prefix-path-rules/foo/", "foo-prefix"),
    Scenario("exact before prefix", "http://mixed-path-rules/foo", "foo-exact"),
    Scenario(
        "prefix /aaa/bbb/ takes /aaa/bbb",
        "http://trailing-slash-path-rules/aaa/bbb",
        "aaa-slash-bbb-slash-prefix",
    ),
    Scenario(
        "prefix /aaa/bbb/ takes /aaa/bbb/",
        "http://trailing-slash-path-rules/aaa/bbb/",
        "aaa-slash-bbb-slash-prefix",
    ),
    Scenario("exact /foo/ leaves /foo", "http://trailing-slash-path-rules/foo"),
)

HOST_RULES = (
    Scenario("the host takes https, with its certificate", "https://foo.bar.com", "foo-bar-com"),
    Scenario("the host takes http", "http://foo.bar.com", "foo-bar-com"),
    Scenario("another host is nobody's", "http://subdomain.bar.com"),
    Scenario("a wildcard takes one label", "http://bar.foo.com", "wildcard-foo-com"),
    Scenario("a wildcard leaves two labels", "http://baz.bar.foo.com"),
    Scenario("a wildcard leaves its parent", "http://foo.com"),
)

DEFAULT_BACKEND = (
    Scenario("any host", "http://my-host", "echo-service"),
    Scenario("any path", "http://my-host/sub-path", "echo-service"),
    Scenario("a POST", "http://some-host", "echo-service", "POST"),
    Scenario("a PUT, and no host", "http:///resource", "echo-service", "PUT"),
    Scenario("a DELETE", "http://some-host/resource", "echo-service", "DELETE"),
    Scenario("a PATCH", "http://my-host/resource", "echo-service", "PATCH"),
)

WAITS_FOR_AN_ADDRESS_S = 5
PORT = {"number": 8080}


@pytest.fixture(scope="module")
def pair(start_pair, make_class):
    address = "--publish-status-address=10.77.0.1"
    with make_class("conformance", default=True), start_pair(address) as pair:
        yield pair


@pytest.fixture
def deploy(pair, cluster, backend) -> Callable[[Object], Web]:
    """Makes the Services that an Ingress names, then the Ingress; the web at its address."""

    def deployed(ingress: Object) -> Web:
        for number, name in enumerate(ingresses.services([ingress])):
            server = backend(f"{cluster.namespace}/{name}", f"10.77.1.{number + 1}")
            cluster.create(service(name, port=8080))
            cluster.create(endpoint_slice(name, server))
        cluster.create(ingress)
        address = eventually(lambda: _address(cluster, ingress), within_s=WAITS_FOR_AN_ADDRESS_S)
        return Web(pair.http_port, pair.https_port, address)

    return deployed


@pytest.mark.parametrize("scenario", PATH_RULES, ids=lambda scenario: scenario.rule)
def test_path_rules(scenario, deploy, cluster):
    rules = [
        rule("exact-path-rules", ("Exact", "/foo", "foo-exact"), port=PORT),
        rule(
            "prefix-path-rules",
            ("Prefix", "/foo", "foo-prefix"),
            ("Prefix", "/aaa/bbb", "aaa-slash-bbb-prefix"),
            ("Prefix", "/aaa", "aaa-prefix"),
            port=PORT,
        ),
        rule(
            "mixed-path-rules",
            ("Prefix", "/foo", "foo-prefix"),
            ("Exact", "/foo", "foo-exact"),
            port=PORT,
        ),
        rule(
            "trailing-slash-path-rules",
            ("Prefix", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix"),
            ("Exact", "/foo/", "foo-slash-exact"),
            port=PORT,
        ),
    ]
    web = deploy(_ingress(*rules))
    _check(scenario, web.ask(scenario.url), cluster)


@pytest.mark.parametrize("scenario", HOST_RULES, ids=lambda scenario: scenario.rule)
def test_host_rules(scenario, deploy, cluster):
    authority = Authority()
    cluster.create(tls_secret("conformance-tls", authority.issue("foo.bar.com")))
    rules = [
        rule("*.foo.com", ("Prefix", "/", "wildcard-foo-com"), port=PORT),
        rule("foo.bar.com", ("Prefix", "/", "foo-bar-com"), port={"name": "http"}),
    ]
    tls = [{"hosts": ["foo.bar.com"], "secretName": "conformance-tls"}]
    web = deploy(_ingress(*rules, tls=tls))
    _check(scenario, web.ask(scenario.url, trust=authority.client_context()), cluster)


@pytest.mark.parametrize("scenario", DEFAULT_BACKEND, ids=lambda scenario: scenario.rule)
def test_default_backend(scenario, deploy, cluster):
    web = deploy(_ingress(defaultBackend=ingresses.backend("echo-service", PORT)))
    reply = web.ask(scenario.url, scenario.method, headers={"User-Agent": "conformance"})
    _check(scenario, reply, cluster)
    assert reply.protocol == "HTTP/1.1"
    assert {"Content-Length", "Content-Type", "Date", "Server"} <= set(reply.headers)
    assert (reply.echo["method"], reply.echo["version"]) == (scenario.method, "1.1")
    assert reply.echo["headers"]["User-Agent"] == "conformance"


def test_an_ingress_of_an_unknown_class_gets_no_address(deploy, cluster):
    rules = rule("ingress-class", ("Prefix", "/", "ingress-class-prefix"))
    foreign = _ingress(rules, ingressClassName="some-invalid-class-name")
    foreign["metadata"]["name"] = "foreign"
    cluster.create(foreign)
    web = deploy(_ingress(rule("known", ("Prefix", "/", "known"), port=PORT)))
    assert not _address(cluster, foreign)
    assert web.status("http://ingress-class/") == 404


def test_all_ten_endpoints_of_a_service_are_used(deploy, cluster, backend):
    web = deploy(_ingress(defaultBackend=ingresses.backend("echo-service", PORT)))
    first = backend("pod 0", "10.77.2.1")
    others = [backend(f"pod {n}", f"10.77.2.{n + 1}", first.port) for n in range(1, 10)]
    cluster.apply(endpoint_slice("echo-service", first, *others))

    def answering() -> bool:
        replies = [web.ask("http://load-balancing") for _ in range(100)]
        assert {reply.status for reply in replies} == {200}
        return {reply.echo["backend"] for reply in replies} == {f"pod {n}" for n in range(10)}

    eventually(answering, within_s=2)


def test_these_are_the_thirty_scenarios():
    by_table = PATH_RULES + HOST_RULES + DEFAULT_BACKEND
    assert len(by_table) + len(["the unknown class", "the ten endpoints"]) == 30


def _check(scenario: Scenario, reply: Reply, cluster: Client) -> None:
    """The right Service got the request as it was sent; or nobody did."""
    if not scenario.service:
        assert reply.status == 404
        return
    asked = urlsplit(scenario.url)
    assert reply.status == 200
    assert reply.echo["backend"] == f"{cluster.namespace}/{scenario.service}"
    assert (reply.echo["path"], reply.echo["host"]) == (
        asked.path or "/",
        asked.netloc or "10.77.0.1",
    )


def _ingress(*rules: Object, **spec: object) -> Object:
    annotations = {"ssl-redirect": "false"}
    return ingresses.ingress(*rules, name="conformance", annotations=annotations, **spec)


def _address(cluster: Client, ingress: Object) -> str:
    """The first address in its status; empty as long as there is none."""
    status = cluster.get("Ingress", ingress["metadata"]["name"])["status"]
    published = status["loadBalancer"].get("ingress", [{"ip": ""}])
    return str(published[0]["ip"])
