"""From what Ingresses add to a host to its one server."""

import pytest

from generator.problems import Code
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.models import TO_HTTPS
from tests.drivers.snapshots import backends, built, locations, server, told
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

CA = Authority()


def shop(name, created="", host="shop.test", path="/", service="web", **more):
    thing = ingress(rule(host, ("Prefix", path, service)), name=name, **more)
    return {**thing, "metadata": {**thing["metadata"], "creationTimestamp": created}}


def hosts(found):
    return [each.host.name for each in found.model.servers]


def certificate_of(found, host="shop.test"):
    certificate = server(found, host).certificate
    return certificate and certificate.file.content.decode()


# --- who wins ---------------------------------------------------------------------------------


def test_the_older_ingress_has_the_path_and_the_other_at_once_when_it_goes():
    older = shop("b", "2026-01-01T00:00:00Z", service="older")
    younger = shop("a", "2026-01-02T00:00:00Z", service="younger")
    assert backends(built(younger, older)) == {"/": "older"}
    assert told(built(younger, older)) == [
        "error default/a spec.rules[0].http.paths[0].path: "
        'Host shop.test, path "/" belongs to Ingress default/b, which is older.'
    ]
    assert backends(built(younger)) == {"/": "younger"}


def test_of_two_of_the_same_second_the_first_by_name_wins():
    assert backends(built(shop("b", service="b"), shop("a", service="a"))) == {"/": "a"}


def test_a_host_that_stands_twice_in_an_ingress_is_one_server_in_any_case():
    found = built(
        ingress(
            rule("Shop.test", ("Prefix", "/a", "a")),
            rule("shop.test", ("Prefix", "/b", "b"), ("Prefix", "/a/", "c")),
        )
    )
    assert hosts(found) == ["", "shop.test"]
    assert backends(found) == {
        "= /a": "a",
        "= /b": "b",
        "/a/": "a",
        "/b/": "b",
        "/": "404",
    }
    assert [problem.field for problem in found.problems] == ["spec.rules[1].http.paths[1].path"]


@pytest.mark.parametrize(
    "host",
    ["*", "a.*.test", "*.*.test", "a_b.test", "a..test", "shop.test:80", "-a.test", "ä.test"],
)
def test_a_host_that_is_none_costs_its_rule_alone(host):
    found = built(ingress(rule("ok.test"), rule(host, ("Prefix", "/", "web"))))
    assert hosts(found) == ["", "ok.test"]
    (problem,) = found.problems
    assert (problem.code, problem.field) == (Code.HOST_INVALID, "spec.rules[1].host")


def test_a_host_without_paths_goes_to_the_default_backend_of_its_ingress():
    found = built(ingress({"host": "shop.test"}, {}, defaultBackend=backend("rest")))
    assert backends(found) == backends(found, "") == {"/": "rest"}


def test_rules_without_a_host_are_shut_out_where_the_admin_says_so():
    found = built(
        ingress(rule("", ("Prefix", "/", "web")), rule("shop.test", ("Prefix", "/", "web"))),
        catch_all=False,
    )
    assert (backends(found, ""), backends(found)) == (
        {"= /healthz": "200", "/": "404"},
        {"/": "web"},
    )
    assert [problem.code for problem in found.problems] == [Code.HOST_INVALID]


def test_a_name_that_is_none_costs_its_ingress_alone():
    thing = shop("a")
    thing["metadata"]["name"] = "a\n# ingress evil/b"
    found = built(thing, shop("ok"))
    assert backends(found) == {"/": "web"}
    assert [problem.code for problem in found.problems] == [Code.NAME_INVALID]


# --- TLS --------------------------------------------------------------------------------------


def with_tls(*sections, name="shop", host="shop.test", **more):
    return shop(
        name,
        host=host,
        tls=[dict(zip(("hosts", "secretName"), s, strict=False)) for s in sections],
        **more,
    )


def secret(name, *names):
    pair = CA.issue(*names)
    return tls_secret(name, pair), pair.certificate


@pytest.mark.parametrize("given", [["shop.test"], ["SHOP.test"], ["*.test"], []])
def test_a_section_is_for_hosts_by_name_by_wildcard_or_for_all(given):
    thing, certificate = secret("tls", "shop.test")
    found = built(with_tls((given, "tls")), thing)
    assert certificate in certificate_of(found)
    assert (server(found).tls, told(found)) == (True, [])


def test_the_section_with_the_hosts_name_comes_before_wildcards_and_those_for_all():
    wild, _ = secret("wild", "*.test")
    exact, certificate = secret("exact", "shop.test")
    found = built(
        with_tls(([], "wild"), (["*.test"], "wild"), (["shop.test"], "exact")), wild, exact
    )
    assert certificate in certificate_of(found)


def test_a_certificate_that_is_for_a_host_is_used_though_the_section_names_another():
    thing, certificate = secret("tls", "shop.test", "www.shop.test")
    found = built(with_tls((["shop.test"], "tls"), host="www.shop.test"), thing)
    assert certificate in certificate_of(found, "www.shop.test")


def test_a_section_for_other_hosts_leaves_a_host_alone():
    thing, _ = secret("tls", "other.test")
    found = built(with_tls((["other.test"], "tls")), thing)
    assert (server(found).tls, hosts(found)) == (False, ["", "shop.test"])


def test_a_section_without_a_secret_has_the_default_certificate():
    found = built(with_tls((["shop.test"],)))
    assert (server(found).tls, certificate_of(found), told(found)) == (True, None, [])


def test_a_secret_of_another_namespace_is_never_read():
    thing, _ = secret("tls", "shop.test")
    thing["metadata"]["namespace"] = "other"
    found = built(with_tls((["shop.test"], "tls")), thing)
    assert certificate_of(found) is None
    assert told(found) == [
        'error default/shop spec.tls[0].secretName: There is no Secret "tls" in namespace default.'
    ]


def test_the_oldest_ingress_with_a_section_has_the_certificate():
    (first, certificate), (second, _) = secret("a", "shop.test"), secret("b", "shop.test")
    found = built(
        with_tls((["shop.test"], "a"), name="a"),
        with_tls((["shop.test"], "b"), name="b", path="/b"),
        first,
        second,
    )
    assert certificate in certificate_of(found)


def test_a_certificate_that_does_not_count_beside_an_older_one_is_told():
    (first, _), (second, _) = secret("a", "shop.test"), secret("b", "shop.test")
    older = with_tls((["shop.test"], "a"), name="a")
    same = with_tls((["shop.test"], "a"), name="same", path="/same")
    other = with_tls((["shop.test"], "b"), name="z", path="/b")
    assert told(built(older, same, other, first, second)) == [
        "warning default/z spec.tls: "
        "Host shop.test has the certificate of Ingress default/a, which is older."
    ]


def test_a_default_backend_that_does_not_count_beside_an_older_one_is_told():
    things = [ingress(name=name, defaultBackend=backend(to)) for name, to in ("ax", "by", "cx")]
    found = built(*things)
    assert backends(found, "") == {"/": "x"}
    assert told(found) == [
        "warning default/b spec.defaultBackend: "
        "Host * has the default backend of Ingress default/a, which is older."
    ]


def redirects(found):
    return {name: TO_HTTPS in each.handler.statements for name, each in locations(found).items()}


@pytest.mark.parametrize(
    ("annotations", "redirected"),
    [
        ({}, True),
        ({"ssl-redirect": "false"}, False),
        ({"ssl-redirect": "false", "force-ssl-redirect": "true"}, True),
    ],
)
def test_tls_redirects_unless_it_is_turned_off(annotations, redirected):
    found = built(with_tls((["shop.test"],), annotations=annotations))
    assert redirects(found) == {"/": redirected}


def test_tls_of_one_ingress_redirects_the_paths_of_the_others_on_its_host():
    found = built(with_tls((["shop.test"],), name="a"), shop("b", path="/b"))
    assert redirects(found) == {"= /b": True, "/b/": True, "/": True}


def test_without_tls_only_force_redirects():
    assert redirects(built(shop("a"))) == {"/": False}
    assert redirects(built(shop("a", annotations={"force-ssl-redirect": "true"}))) == {"/": True}
