"""One object of a few hundred kilobytes never costs everybody gigabytes or minutes."""

import re

import pytest

from generator.effects import UpstreamSettings
from generator.nginx.render import Memo, render
from generator.objects import Name, ServicePort
from generator.problems import Code
from generator.values.invalid import Invalid
from generator.values.regexes import regex
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.nginx_locations import chosen
from tests.drivers.snapshots import built, locations, server
from tests.golden.cases import ENVIRONMENT, TEMPLATES

MANY = 50_000


def beyond(found):
    return [(p.field, p.message) for p in found.problems if p.code is Code.LIMIT_EXCEEDED]


def test_of_very_many_hosts_the_first_thousand_are_served_and_that_is_told():
    found = built(ingress(*[rule(f"h{n}.test") for n in range(MANY)]))
    assert len(found.model.servers) == 1001
    assert beyond(found) == [
        ("spec.rules", "It has 50000 rules; one Ingress may have 1000 (max-ingress-hosts).")
    ]


def test_very_many_tls_hosts_behind_a_default_backend_are_no_way_around():
    tls = [{"hosts": [f"h{n}.test" for n in range(MANY)]}]
    found = built(ingress(defaultBackend=backend("web"), tls=tls))
    assert len(found.model.servers) == 1001
    assert beyond(found) == [
        ("spec.tls", "It has 50000 hosts; one Ingress may have 1000 (max-ingress-hosts).")
    ]


def test_a_section_that_loses_its_hosts_is_not_one_for_all_hosts():
    tls = [{"hosts": [f"h{n}.test" for n in range(1000)]}, {"hosts": ["x.test"]}]
    found = built(ingress(rule("a.test", ("Prefix", "/", "web")), tls=tls))
    assert [server.tls for server in found.model.servers if server.host.name == "a.test"] == [False]


def test_of_very_many_paths_the_first_five_thousand_are_served():
    paths = [("ImplementationSpecific", f"/{n}", "web") for n in range(5001)]
    found = built(ingress(rule("shop.test", *paths)))
    assert len(locations(found)) == 5001  # and / that every server has
    assert beyond(found) == [
        (
            "spec.rules",
            "It has 5001 paths; one Ingress may have 5000 (max-ingress-paths). 1 are beyond, the "
            'first is "/5000".',
        )
    ]


GUARD = {"allowlist-source-range": "10.0.0.0/8"}


def with_options(*things, **data):
    config = {"kind": "ConfigMap", "metadata": {"name": "pillion"}}
    config["data"] = {key.replace("_", "-"): text for key, text in data.items()}
    return built(*things, config, config_map=Name("default", "pillion"))


def status(found, path):
    handler = chosen(server(found).locations, path).handler
    return handler.service.partition("/")[2] or handler.action.status


def test_the_admin_says_how_many_hosts_and_paths_one_ingress_may_have():
    hosts = ingress(*[rule(f"h{n}.test", ("Prefix", "/", "web")) for n in range(1500)])
    found = with_options(hosts, max_ingress_hosts="1500")
    assert len(found.model.servers) == 1501
    assert beyond(found) == []
    paths = [("Prefix", f"/{n}", "web") for n in range(3)]
    found = with_options(ingress(rule("shop.test", *paths)), max_ingress_paths="2")
    assert [status(found, f"/{n}") for n in range(3)] == ["web", "web", 404]


def test_a_guarded_path_beyond_answers_503_and_does_not_fall_through_to_another():
    found = with_options(
        ingress(rule("shop.test", ("Prefix", "/", "web")), name="a"),
        ingress(
            rule("shop.test", ("Prefix", "/a", "web"), ("Exact", "/admin", "web")),
            name="b",
            annotations=GUARD,
        ),
        max_ingress_paths="1",
    )
    assert [status(found, path) for path in ("/x", "/a", "/admin")] == ["web", "web", 503]


def test_bytes_of_one_ingress_are_bounded_by_what_its_paths_come_to():
    more = [("ImplementationSpecific", f"/{n}" + "$" * 100, "web") for n in range(200)]
    found = with_options(ingress(rule("shop.test", *more)), max_ingress_bytes="64k")
    served = [each for each in locations(found).values() if each.handler.owner]
    assert 10 < len(served) < 64
    assert beyond(found)[0][1].startswith(
        "Its 200 paths come to more than 64k of nginx.conf; one Ingress may take 64k "
        "(max-ingress-bytes)."
    )


SHAPES = {
    "prefix": ([("Prefix", f"/{n}", "web") for n in range(200)], {}),
    "dollars": ([("ImplementationSpecific", f"/{n}" + "$" * 100, "web") for n in range(200)], {}),
    "guarded": ([("Exact", f"/{n}", "web") for n in range(200)], GUARD),
    "expressions": (
        [("ImplementationSpecific", f"/{n}/(.*)x", "web") for n in range(200)],
        {"rewrite-target": "/$1", "use-regex": "true"},
    ),
    "external auth": (
        [("Prefix", f"/{n}", "web") for n in range(200)],
        {"auth-url": "http://auth.test/verify", "auth-response-headers": "X-User"},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bytes_that_count_are_about_those_that_are_written(shape):
    paths, annotations = SHAPES[shape]
    found = built(ingress(rule("shop.test", *paths), annotations=annotations))
    empty = built()
    written, around = (
        len(render(each.model, ENVIRONMENT, TEMPLATES, Memo()).body(1)) for each in (found, empty)
    )
    counted = sum(each.size for each in found.contributions.values())
    assert 0.9 * (written - around) < counted < 1.35 * (written - around)


def test_networks_times_paths_deny_before_they_swell_the_configuration():
    paths = [("ImplementationSpecific", f"/{n}", "web") for n in range(200)]
    networks = ",".join(f"10.{n >> 8}.{n & 255}.0/24" for n in range(600))
    found = built(
        ingress(rule("shop.test", *paths), annotations={"allowlist-source-range": networks})
    )
    assert beyond(found)[0][1] == (
        "Its annotations come to 604 lines for each of 200 paths; "
        "one Ingress may have 100000 in all."
    )
    mine = [each for each in locations(found).values() if each.handler.owner]
    assert {each.handler.action.status for each in mine} == {503}
    assert {each.handler.statements for each in mine} == {()}


@pytest.mark.parametrize("pattern", ["/(?:a{9}b){1000}{9}", "/(?:(?:ab?){60}){60}"])
def test_a_regex_that_compiles_to_very_much_is_refused(pattern):
    with pytest.raises(Invalid, match="written out"):
        regex(pattern)


def test_no_name_of_a_port_makes_two_services_share_an_upstream():
    """The readable parts differ: the hash is short, and a port's name can be searched for."""
    from generator.translation.backends import _upstream_name  # noqa: PLC0415

    mine, theirs = (
        _upstream_name(name, ServicePort(port=80, name="http"), UpstreamSettings())
        for name in (Name("team", "prod-api"), Name("team-prod", "api"))
    )
    assert re.sub(r"^\w{8}", "", mine) != re.sub(r"^\w{8}", "", theirs)
