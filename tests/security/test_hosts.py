"""On a real nginx: who names another namespace's host takes none of its requests."""

import pytest

from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.served_folder import Site

HOST = "shop.test"


def within(namespace, day, thing):
    """The object in a namespace, created on that day."""
    created = {"namespace": namespace, "creationTimestamp": f"2026-01-0{day}T00:00:00Z"}
    return thing | {"metadata": thing["metadata"] | created}


def of(site: Site, namespace: str, day: int, *paths, host=HOST, **more):
    """An Ingress to a Service of its namespace's name, with all that is behind it."""
    rules = [rule(host, *((kind, path, namespace) for kind, path in paths))] if paths else []
    things = [ingress(*rules, name=namespace, **more), *site.published(namespace)]
    return [within(namespace, day, thing) for thing in things]


EXPRESSION = ("ImplementationSpecific", "/(.*)(aaaa){0}")
TLS = [{"hosts": [HOST]}]
ATTACKS = [
    ([("Exact", "/login"), ("Exact", "/admin"), ("Prefix", "/login/a")], {}),
    ([EXPRESSION], {"annotations": {"use-regex": "true"}}),
    ([EXPRESSION], {"annotations": {"rewrite-target": "/$1"}}),
    ([("Prefix", "/x")], {"tls": TLS}),
    ([], {"defaultBackend": backend("evil"), "tls": TLS}),
    ([("Prefix", "/x")], {"annotations": {"force-ssl-redirect": "true"}}),
]


@pytest.mark.parametrize(("paths", "more"), ATTACKS)
def test_a_newer_ingress_of_another_namespace_takes_nothing(paths, more, site_of_its_own):
    site = site_of_its_own
    victim = of(site, "victim", 1, ("Prefix", "/"), ("Prefix", "/login"), ("Exact", "/admin"))
    site.holds(*victim, *of(site, "evil", 2, *paths, **more))
    for path in ("/", "/login", "/login/a", "/LOGIN", "/admin", "/x", "/aaaa", "/other"):
        assert site.answers(f"http://{HOST}{path}") == "victim"
    assert "evil" in site.problem("host-owned")


def test_what_the_owner_leaves_a_guest_may_serve(site_of_its_own):
    site = site_of_its_own
    owner = of(site, "victim", 1, ("Prefix", "/login"), ("Exact", "/admin"))
    guest = of(
        site, "team", 2, ("ImplementationSpecific", "/(.*)"), annotations={"use-regex": "true"}
    )
    site.holds(*owner, *guest)
    answers = [site.answers(f"http://{HOST}{path}") for path in ("/login/x", "/admin", "/blog")]
    assert answers == ["victim", "victim", "team"]


def test_a_host_below_anothers_older_wildcard_is_its_owners(site_of_its_own):
    site = site_of_its_own
    wildcard = of(site, "victim", 1, ("Prefix", "/"), host="*.shop.test")
    site.holds(*wildcard, *of(site, "evil", 2, ("Prefix", "/"), host="pay.shop.test"))
    assert site.answers("http://pay.shop.test/card") == "victim"
