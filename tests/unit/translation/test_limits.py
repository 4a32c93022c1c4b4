"""One object of a few hundred kilobytes never costs everybody gigabytes or minutes."""

import re

import pytest

from generator.effects import UpstreamSettings
from generator.objects import Name, ServicePort
from generator.problems import Code
from generator.values.invalid import Invalid
from generator.values.regexes import regex
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.snapshots import built, locations

MANY = 50_000


def beyond(found):
    return [(p.field, p.message) for p in found.problems if p.code is Code.LIMIT_EXCEEDED]


def test_of_very_many_hosts_the_first_thousand_are_served_and_that_is_told():
    found = built(ingress(*[rule(f"h{n}.test") for n in range(MANY)]))
    assert len(found.model.servers) == 1001
    assert beyond(found) == [("spec.rules", "It has 50000 rules; one Ingress may have 1000.")]


def test_very_many_tls_hosts_behind_a_default_backend_are_no_way_around():
    tls = [{"hosts": [f"h{n}.test" for n in range(MANY)]}]
    found = built(ingress(defaultBackend=backend("web"), tls=tls))
    assert len(found.model.servers) == 1001
    assert beyond(found) == [("spec.tls", "It has 50000 hosts; one Ingress may have 1000.")]


def test_a_section_that_loses_its_hosts_is_not_one_for_all_hosts():
    tls = [{"hosts": [f"h{n}.test" for n in range(1000)]}, {"hosts": ["x.test"]}]
    found = built(ingress(rule("a.test", ("Prefix", "/", "web")), tls=tls))
    assert [server.tls for server in found.model.servers if server.host.name == "a.test"] == [False]


def test_of_very_many_paths_the_first_five_thousand_are_served():
    paths = [("ImplementationSpecific", f"/{n}", "web") for n in range(5001)]
    found = built(ingress(rule("shop.test", *paths)))
    assert len(locations(found)) == 5001  # and / that every server has
    assert beyond(found) == [("spec.rules", "It has 5001 paths; one Ingress may have 5000.")]


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
