"""Hosts and paths, as Kubernetes' documentation of Ingress has them."""

from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.drivers.ingresses import Path, ingress, rule


class Row(NamedTuple):
    """A row of a table of that documentation: the paths, a request, and whose it is."""

    paths: tuple[Path, ...]
    request: str
    answer: str | int


def _row(request: str, answer: str | int, *paths: tuple[str, str]) -> Row:
    """Each Service has the name of its path's kind and length, as `prefix-4`."""
    return Row(tuple((k, p, f"{k.lower()}-{len(p)}") for k, p in paths), request, answer)


PATH_TYPES = (
    _row("/any/thing", "prefix-1", ("Prefix", "/")),
    _row("/foo", "exact-4", ("Exact", "/foo")),
    _row("/bar", 404, ("Exact", "/foo")),
    _row("/foo/", 404, ("Exact", "/foo")),
    _row("/foo", 404, ("Exact", "/foo/")),
    _row("/foo", "prefix-4", ("Prefix", "/foo")),
    _row("/foo/", "prefix-4", ("Prefix", "/foo")),
    _row("/foo", "prefix-5", ("Prefix", "/foo/")),
    _row("/foo/", "prefix-5", ("Prefix", "/foo/")),
    _row("/aaa/bbb", 404, ("Prefix", "/aaa/bb")),
    _row("/aaa/bbb", "prefix-8", ("Prefix", "/aaa/bbb")),
    _row("/aaa/bbb", "prefix-9", ("Prefix", "/aaa/bbb/")),
    _row("/aaa/bbb/", "prefix-8", ("Prefix", "/aaa/bbb")),
    _row("/aaa/bbb/ccc", "prefix-8", ("Prefix", "/aaa/bbb")),
    _row("/aaa/bbbxyz", 404, ("Prefix", "/aaa/bbb")),
    _row("/aaa/ccc", "prefix-4", ("Prefix", "/"), ("Prefix", "/aaa")),
    _row("/aaa/bbb", "prefix-8", ("Prefix", "/"), ("Prefix", "/aaa"), ("Prefix", "/aaa/bbb")),
    _row("/ccc", "prefix-1", ("Prefix", "/"), ("Prefix", "/aaa"), ("Prefix", "/aaa/bbb")),
    _row("/ccc", 404, ("Prefix", "/aaa")),
    _row("/foo", "exact-4", ("Prefix", "/foo"), ("Exact", "/foo")),
)


@pytest.mark.parametrize("number", range(len(PATH_TYPES)), ids=lambda n: str(PATH_TYPES[n]))
def test_path_types_match_as_in_the_table_of_kubernetes(number, site):
    rules = [rule(f"row-{n}.test", *row.paths) for n, row in enumerate(PATH_TYPES)]
    site.holds(ingress(*rules))
    row = PATH_TYPES[number]
    assert site.answers(f"http://row-{number}.test{row.request}") == row.answer


WILDCARD = (
    ("bar.foo.test", "wildcard"),
    ("BAR.Foo.TEST", "wildcard"),
    ("baz.bar.foo.test", 404),
    ("foo.test", 404),
    ("known.foo.test", "known"),
)


@pytest.mark.parametrize(("host", "answer"), WILDCARD)
def test_a_wildcard_host_is_one_label_deep_and_yields_to_a_name(host, answer, site):
    wildcard = rule("*.foo.test", ("Prefix", "/", "wildcard"))
    site.holds(ingress(wildcard, rule("known.foo.test", ("Prefix", "/", "known"))))
    assert site.answers(f"http://{host}/") == answer


def test_a_host_is_known_with_any_port_behind_it(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    assert site.answers("http://foo.test:8080/") == "echo"


def test_paths_of_several_ingresses_of_a_host_are_one_tree(site):
    site.holds(
        ingress(rule("foo.test", ("Prefix", "/", "root")), name="a"),
        ingress(rule("foo.test", ("Prefix", "/deep/er", "deeper")), name="b"),
        ingress(rule("foo.test", ("Exact", "/deep", "exact")), name="c"),
    )
    urls = ("/", "/deep", "/deep/", "/deep/er/x", "/deep/err")
    answers = [site.answers(f"http://foo.test{url}") for url in urls]
    assert answers == ["root", "exact", "root", "deeper", "root"]


def test_a_prefix_is_no_redirect_and_the_path_arrives_as_it_was_sent(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/foo", "echo"))))
    for path in ("/foo", "/foo/", "/foo/a%20b%2Fc?d=e%26f", "/foo/%E2%82%AC"):
        reply = site.web.ask(f"http://foo.test{path}")
        assert reply.status == 200
        assert path in {reply.echo["path"], f"{reply.echo['path']}?{reply.echo['query']}"}


def test_an_implementation_specific_path_is_a_prefix(site):
    site.holds(ingress(rule("foo.test", ("ImplementationSpecific", "/foo", "echo"))))
    assert site.answers("http://foo.test/foo/bar") == "echo"
    assert site.answers("http://foo.test/bar") == 404


def test_a_host_or_path_that_no_rule_has_is_the_default_backend_s(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/foo", "echo"))))
    for url in ("http://foo.test/", "http://bar.test/foo"):
        reply = site.web.ask(url)
        assert (reply.status, reply.body) == (404, b"default backend - 404")
    assert site.web.status("http://bar.test/healthz") == 200


def test_a_rule_without_a_host_takes_hosts_that_no_rule_names(site):
    named = ingress(rule("foo.test", ("Prefix", "/foo", "named")), name="named")
    site.holds(named, ingress(rule("", ("Prefix", "/", "any")), name="any"))
    assert site.answers("http://bar.test/") == "any"
    assert site.answers("http://foo.test/foo") == "named"


def test_the_default_backend_of_an_ingress_takes_what_its_rules_leave(site):
    rules = rule("foo.test", ("Prefix", "/foo", "echo"))
    site.holds(ingress(rules, defaultBackend={"service": {"name": "rest", "port": {"number": 80}}}))
    urls = ("http://foo.test/foo", "http://foo.test/bar", "http://bar.test/")
    assert [site.answers(url) for url in urls] == ["echo", "rest", "rest"]


def test_of_two_ingresses_with_one_host_and_path_the_older_wins_until_it_goes(site):
    old, young = (
        ingress(rule("foo.test", ("Prefix", "/", name)), name=name) for name in ("z-old", "a-young")
    )
    old["metadata"]["creationTimestamp"] = "2024-01-01T00:00:00Z"
    young["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z"
    site.holds(old, young)
    assert site.answers("http://foo.test/") == "z-old"
    site.holds(young)
    assert site.answers("http://foo.test/") == "a-young"


@pytest.mark.parametrize(
    "path", ['/a"b', "/a'b", "/$host", "/a{b};", "/a#b", "/a\\\\", "/é", "/~^(a"]
)
def test_a_path_is_taken_literally_whatever_is_in_it(path, site):
    site.holds(
        ingress(rule("odd.test", ("Prefix", path, "odd")), name="odd"),
        ingress(rule("foo.test", ("Prefix", "/", "echo"))),
    )
    assert site.answers(f"http://odd.test{quote(path)}/x") == "odd"
    assert site.answers("http://odd.test/x") == 404
    assert site.answers("http://foo.test/") == "echo"


def test_dots_and_doubled_slashes_do_not_lead_out_of_a_path(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/open", "open"), ("Prefix", "/shut", "shut"))))
    assert site.answers("http://foo.test/open/../shut") == "shut"
    assert site.answers("http://foo.test//open") == "open"


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/caf%C3%A9", "/caf%c3%a9/x"),
        ("/my%20app", "/my%20app"),
        ("/a%2Bb", "/a%2bb"),
        ("/a%2Bb", "/a+b/c"),
        ("/100%25", "/100%25"),
        ("/q%3Fx", "/q%3fx"),
    ],
)
def test_a_path_with_escapes_has_the_requests_that_it_is_written_for(path, request_, site):
    site.holds(ingress(rule("foo.test", ("Prefix", path, "encoded"), ("Prefix", "/", "root"))))
    assert site.answers(f"http://foo.test{request_}") == "encoded"


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/my files", "/my%20files"),
        ("/admin%2Fx", "/admin%2Fx"),
        ("/admin%0A", "/admin%0A"),
        ("/admin%FF", "/admin%FF"),
    ],
)
def test_a_guarded_path_that_cannot_be_served_does_not_fall_to_another_backend(
    path, request_, site
):
    guard = ingress(
        rule("foo.test", ("Prefix", path, "admin")),
        name="guard",
        annotations={"denylist-source-range": "127.0.0.0/8"},
    )
    site.holds(guard, ingress(rule("foo.test", ("Prefix", "/", "root"))))
    assert site.answers(f"http://foo.test{request_}") == 503
    assert site.answers("http://foo.test/") == "root"


def test_an_expression_with_escapes_matches_what_is_asked_for(site):
    site.holds(
        ingress(
            rule("foo.test", ("ImplementationSpecific", "/my%20app/(.*)", "app")),
            annotations={"use-regex": "true", "rewrite-target": "/x/$1"},
        )
    )
    assert site.web.ask("http://foo.test/my%20app/y").echo["path"] == "/x/y"
