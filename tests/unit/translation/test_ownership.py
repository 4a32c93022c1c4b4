"""Who owns a host: nobody of another namespace takes, turns or guards what is the owner's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.objects import Name
from generator.problems import Code
from generator.translation import Memo, translate
from tests.drivers.growth import assert_linear
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.models import TO_HTTPS
from tests.drivers.nginx_locations import chosen
from tests.drivers.snapshots import options, published, server, snapshot

HOST = "shop.test"
NAME = Name("pillion", "options")


def of(namespace, *rules, age=1, name="shop", **more):
    """An Ingress of a namespace, created on that day."""
    thing = ingress(*rules, name=name, **more)
    created = f"2026-01-{age:02}T00:00:00Z"
    return thing | {
        "metadata": thing["metadata"] | {"namespace": namespace, "creationTimestamp": created}
    }


def on(host, *paths):
    return rule(host, *((kind, path, "web") for kind, path in paths))


def placed(namespace):
    """The Service that all Ingresses of a namespace name."""
    return [
        thing | {"metadata": thing["metadata"] | {"namespace": namespace}}
        for thing in published("web")
    ]


def served(*things, **data):
    """What these Ingresses come to, with these global options."""
    names = {thing["metadata"]["namespace"] for thing in things}
    services = [each for name in sorted(names) for each in placed(name)]
    config = {
        "kind": "ConfigMap",
        "metadata": {"name": "options", "namespace": "pillion"},
        "data": {key.replace("_", "-"): text for key, text in data.items()},
    }
    whole = snapshot(*things, *services, config)
    given_options = options(config_map=NAME)
    return translate(whole, given_options, Memo())


def who(found, path, host=HOST):
    """Whose Ingress answers a path; `nobody` where it is the default backend."""
    owner = chosen(server(found, host).locations, path).handler.owner
    return owner.name.namespace if owner else "nobody"


def told(found, namespace):
    return {p.code for p in found.problems if p.object.name.namespace == namespace}


def messages(found, namespace):
    """What the Ingresses of a namespace are told of hosts that are not theirs."""
    mine = [p for p in found.problems if p.object.name.namespace == namespace]
    return [p.message for p in mine if p.code is Code.HOST_OWNED]


VICTIM = of("victim", on(HOST, ("Prefix", "/"), ("Prefix", "/login"), ("Exact", "/admin")), age=1)
PART = of("victim", on(HOST, ("Prefix", "/login"), ("Exact", "/admin")), age=1)
EXPRESSION = ("ImplementationSpecific", "/(.*)(aaaa){0}")


@pytest.mark.parametrize(
    "attack",
    [
        of("evil", on(HOST, ("Exact", "/login")), age=2),
        of("evil", on(HOST, ("Exact", "/login/now"), ("Prefix", "/admin/x")), age=2),
        of("evil", on(HOST, EXPRESSION), age=2, annotations={"use-regex": "true"}),
        of("evil", on(HOST, EXPRESSION), age=2, annotations={"rewrite-target": "/$1"}),
        of("evil", on(HOST, ("Prefix", "/")), age=2, defaultBackend=backend("web")),
        of("evil", age=2, defaultBackend=backend("web"), tls=[{"hosts": [HOST]}]),
        of("evil", on(HOST, ("Prefix", "/x")), age=2, tls=[{"hosts": [HOST]}]),
    ],
)
def test_a_newer_ingress_of_another_namespace_takes_no_request_and_both_are_told(attack):
    alone, beside = served(VICTIM), served(VICTIM, attack)
    for path in ("/", "/login", "/login/now", "/Login", "/admin", "/admin/x", "/x", "/aaaa"):
        assert who(alone, path) == who(beside, path) == "victim"
    assert server(beside).tls is False
    assert all(TO_HTTPS not in each.handler.statements for each in server(beside).locations)
    assert Code.HOST_OWNED in told(beside, "evil")
    assert told(beside, "victim") == {Code.HOST_SHARED}


def test_a_guest_has_the_paths_that_the_owner_leaves():
    found = served(PART, of("team", on(HOST, ("Prefix", "/blog"), ("Exact", "/about")), age=2))
    assert [who(found, path) for path in ("/blog", "/blog/x", "/about", "/", "/login/x")] == [
        *("team", "team", "team", "nobody", "victim"),
    ]
    assert told(found, "team") == set()


def test_a_guests_expressions_come_below_the_owners_prefixes():
    guest = of("team", on(HOST, EXPRESSION), age=2, annotations={"use-regex": "true"})
    found = served(PART, guest)
    assert [who(found, path) for path in ("/login/x", "/admin", "/other")] == [
        *("victim", "victim", "team"),
    ]


def test_a_guests_paths_come_below_the_owners_expressions():
    owner = of(
        "victim",
        on(HOST, ("ImplementationSpecific", r"/api/\d+")),
        annotations={"use-regex": "true"},
    )
    guest = of("team", on(HOST, ("Exact", "/api/1"), ("Prefix", "/blog")), age=2)
    found = served(owner, guest)
    assert [who(found, path) for path in ("/api/1", "/blog/x")] == ["victim", "team"]


def test_a_guest_gets_no_certificate_for_a_host_by_an_acme_challenge():
    owner = of(
        "victim",
        on(HOST, ("ImplementationSpecific", "/(?!api).*")),
        annotations={"use-regex": "true"},
    )
    challenge = "/.well-known/acme-challenge/token"
    for victim in (owner, VICTIM):
        found = served(victim, of("evil", on(HOST, ("Exact", challenge)), age=2))
        assert who(found, challenge) == "victim"


def test_the_oldest_of_two_guests_goes_before_the_other():
    one = of("one", on(HOST, ("Prefix", "/blog")), age=2)
    two = of("two", on(HOST, ("Exact", "/blog/x"), ("Exact", "/news")), age=3)
    found = served(PART, one, two)
    assert [who(found, path) for path in ("/blog/x", "/news")] == ["one", "two"]


def test_who_names_a_host_below_an_older_wildcard_is_its_owners_guest():
    wildcard = of("victim", on("*.shop.test", ("Prefix", "/")), age=1)
    found = served(wildcard, of("evil", on("pay.shop.test", ("Prefix", "/")), age=2))
    assert who(found, "/card", "*.shop.test") == "victim"
    assert "pay.shop.test" not in {each.host.name for each in found.model.servers}
    assert messages(found, "evil") == [
        "Host pay.shop.test is answered by *.shop.test, which answers all its paths: it belongs to "
        "namespace victim, whose Ingress victim/shop is the oldest."
    ]
    wildcard = of("victim", on("*.shop.test", ("Prefix", "/")), age=3)
    older = served(wildcard, of("first", on("pay.shop.test", ("Prefix", "/")), age=1))
    assert who(older, "/", "pay.shop.test") == "first"


def test_a_host_below_a_wildcard_that_leaves_paths_has_a_server_with_the_paths_of_both():
    wildcard = of("victim", on("*.shop.test", ("Prefix", "/login")), age=1)
    found = served(wildcard, of("team", on("pay.shop.test", ("Prefix", "/blog")), age=2))
    paths = ("/login", "/blog", "/")
    assert [who(found, path, "pay.shop.test") for path in paths] == ["victim", "team", "nobody"]


def test_a_wildcards_paths_are_copied_to_few_hosts_and_the_others_are_told():
    paths = [("Prefix", f"/{n}") for n in range(1000)]
    wildcard = of("victim", on("*.shop.test", *paths), age=1)
    below = [on(f"{n}.shop.test", ("Prefix", "/blog")) for n in range(10)]
    found = served(wildcard, of("team", *below, age=2))
    hosts = [each.host.name for each in found.model.servers]
    assert hosts == ["", "*.shop.test", *(f"{n}.shop.test" for n in range(4))]
    assert messages(found, "team")[0] == (
        "Host 4.shop.test is answered by *.shop.test, whose 1000 paths are not copied to any more "
        "hosts: it belongs to namespace victim, whose Ingress victim/shop is the oldest."
    )
    assert len(messages(found, "team")) == 6


def test_a_host_that_stays_with_the_wildcard_still_has_the_owners_own_paths():
    wildcard = of("victim", on("*.shop.test", ("Prefix", "/")), age=1)
    guest = of("evil", on("pay.shop.test", ("Prefix", "/")), age=2)
    own = of("victim", on("pay.shop.test", ("Prefix", "/card")), age=3, name="pay")
    found = served(wildcard, guest, own)
    paths = ("/card", "/other")
    assert [who(found, path, "pay.shop.test") for path in paths] == ["victim", "nobody"]


def test_many_hosts_below_a_wildcard_of_many_paths_cost_no_more_than_both():
    def of_size(number):
        paths = [("Prefix", f"/{n}") for n in range(number)]
        wildcard = of("victim", on("*.shop.test", *paths), age=1)
        below = [on(f"{n}.shop.test", ("Prefix", "/blog")) for n in range(number)]
        things = (wildcard, of("team", *below, age=2))
        return lambda: served(*things)

    assert_linear(of_size, 50)


def test_of_the_owners_own_namespace_every_ingress_counts_as_before():
    second = of("victim", on(HOST, ("Exact", "/login")), age=2, name="b", tls=[{"hosts": [HOST]}])
    found = served(PART, second)
    assert server(found).tls
    assert told(found, "victim") == set()


def test_the_admin_can_have_hosts_shared_by_all_as_ingress_nginx_did():
    attack = of("evil", on(HOST, ("Exact", "/login")), age=2, tls=[{"hosts": [HOST]}])
    found = served(VICTIM, attack, host_sharing="cluster")
    assert (who(found, "/login"), server(found).tls) == ("evil", True)


def test_the_admin_can_grant_a_host_to_namespaces_whoever_is_oldest():
    squatter = of("squatter", on(HOST, ("Prefix", "/")), age=1)
    team = of("team", on(HOST, ("Prefix", "/"), ("Prefix", "/a")), age=2)
    mate = of("mate", on(HOST, ("Exact", "/a")), age=3)
    found = served(squatter, team, mate, host_grants=f"{HOST}=team,mate")
    assert [who(found, path) for path in ("/", "/a", "/a/b")] == ["team", "mate", "team"]
    assert messages(found, "squatter") == [
        f'Path "/" would take requests of others: the admin grants host {HOST} to mate, team.',
    ]


def test_a_guest_is_told_of_a_grant_even_while_no_owner_names_the_host():
    squatter = of("squatter", on(HOST, ("Prefix", "/")), tls=[{"hosts": [HOST]}])
    found = served(squatter, host_grants=f"{HOST}=team")
    assert messages(found, "squatter") == [
        f"Its TLS section would hold for all of it: the admin grants host {HOST} to team.",
    ]


def test_a_guest_is_told_whose_ingress_is_the_oldest():
    found = served(VICTIM, of("evil", on(HOST, ("Prefix", "/")), age=2))
    assert messages(found, "evil") == [
        f'Path "/" would take requests of others: host {HOST} belongs to namespace victim, '
        "whose Ingress victim/shop is the oldest.",
    ]


PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/b", "/a/(.*)", "/[ab]+", "/a/b/c"])
TYPES = st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"])
ANNOTATIONS = st.sampled_from([{}, {}, {"use-regex": "true"}, {"rewrite-target": "/x$1"}])
REQUESTS = ("/", "/a", "/A", "/a/", "/a/b", "/a/b/c", "/ab", "/abc", "/b", "/b/", "/c", "/a/x")


@st.composite
def ingresses(draw, namespace, age):
    paths = draw(st.lists(st.tuples(TYPES, PATHS), min_size=1, max_size=3, unique=True))
    more = draw(st.sampled_from([{}, {}, {"defaultBackend": backend("web")}]))
    return of(namespace, on(HOST, *paths), age=age, annotations=draw(ANNOTATIONS), **more)


@settings(max_examples=300, deadline=None)
@given(ingresses("victim", 1), ingresses("evil", 2), ingresses("other", 3))
def test_whatever_others_write_the_owners_requests_stay_the_owners(victim, evil, other):
    alone, beside = served(victim), served(victim, evil, other)
    for path in REQUESTS:
        mine = chosen(server(alone).locations, path)
        if mine.handler.owner:
            theirs = chosen(server(beside).locations, path)
            assert (theirs.handler, theirs.rule) == (mine.handler, mine.rule), path
