"""What all Ingresses of a namespace take together is bounded, the oldest first."""

from generator.problems import Code
from tests.drivers.nginx_locations import chosen
from tests.drivers.snapshots import server
from tests.unit.translation.test_ownership import of, on, served

GUARD = {"allowlist-source-range": "10.0.0.0/8"}


def many(number, start=0, host="shop.test"):
    return on(host, *(("Prefix", f"/{start + n}") for n in range(number)))


def status(found, path, host="shop.test"):
    """What a path is answered: a Service's name, or a status."""
    handler = chosen(server(found, host).locations, path).handler
    return handler.service.partition("/")[2] or handler.action.status


def beyond(found):
    return [
        (str(p.object), p.message, p.meanwhile)
        for p in found.problems
        if p.code is Code.LIMIT_EXCEEDED
    ]


def test_of_more_paths_than_a_namespace_may_have_the_oldest_are_served_and_the_others_told():
    found = served(
        of("team", many(3), age=1, name="old"),
        of("team", many(3, start=3), age=2, name="new"),
        of("other", on("other.test", ("Prefix", "/")), age=3),
        max_namespace_paths="5",
    )
    assert [status(found, f"/{n}") for n in range(6)] == [*["web"] * 5, 404]
    assert status(found, "/", "other.test") == "web"
    assert beyond(found) == [
        (
            "team/new",
            "Its namespace has 6 paths and may have 5 (max-namespace-paths). Of this Ingress 1 are "
            'beyond, the first is "/5".',
            "these are left out",
        )
    ]


def test_bytes_of_a_namespace_are_bounded_too():
    found = served(
        of("team", many(80), age=1, name="old"),
        of("team", many(80, start=100), age=2, name="new"),
        max_namespace_bytes="64k",
    )
    assert (status(found, "/0"), status(found, "/179")) == ("web", 404)
    ((who, message, _),) = beyond(found)
    assert who == "team/new"
    assert "of nginx.conf and may take 64k (max-namespace-bytes)" in message


def test_a_guarded_path_beyond_answers_503_and_does_not_fall_through_to_another():
    found = served(
        of("team", on("shop.test", ("Prefix", "/"), ("Prefix", "/a")), age=1, name="old"),
        of("team", on("shop.test", ("Prefix", "/admin")), age=2, name="new", annotations=GUARD),
        max_namespace_paths="2",
    )
    assert [status(found, path) for path in ("/", "/admin", "/admin/x")] == ["web", 503, 503]
    assert beyond(found)[0][2] == "these answer 503, since they are guarded"


def test_where_too_many_guarded_paths_are_beyond_the_host_answers_503_and_no_other():
    found = served(
        of("team", on("shop.test", ("Prefix", "/"), ("Prefix", "/a")), age=1, name="old"),
        of("team", many(3), age=2, name="new", annotations=GUARD),
        of("team", on("open.test", ("Prefix", "/")), age=1, name="an-older"),
        max_namespace_paths="2",
    )
    assert [status(found, path) for path in ("/", "/a", "/0")] == [503] * 3
    assert len(server(found).locations) == 1
    assert status(found, "/", "open.test") == "web"


def test_a_host_that_others_own_too_is_not_shut_for_them():
    found = served(
        of("friend", on("shop.test", ("Prefix", "/")), age=1),
        of("team", many(3), age=2, name="new", annotations=GUARD),
        max_namespace_paths="1",
        host_grants="shop.test=team,friend",
    )
    assert [status(found, path) for path in ("/", "/0", "/2")] == ["web", "web", 503]


def test_wildcard_hosts_of_a_namespace_are_bounded_since_nginx_tries_them_one_by_one():
    rules = [on(f"*.{n}.test", ("Prefix", "/")) for n in range(4)]
    found = served(of("team", *rules), max_namespace_wildcards="3")
    assert [each.host.name for each in found.model.servers] == [
        "",
        "*.0.test",
        "*.1.test",
        "*.2.test",
    ]
    ((_, message, _),) = beyond(found)
    assert message == (
        "Its namespace has 4 hosts such as *.example.com and may have 3 "
        '(max-namespace-wildcards). Of this Ingress 1 are beyond, the first is "*.3.test".'
    )
