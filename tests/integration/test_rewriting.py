"""Paths as regular expressions, and paths that change on their way."""

import pcre2
import pytest

from tests.drivers.ingresses import ingress, rule

ANY = "ImplementationSpecific"


def _arrives(site, url):
    reply = site.web.ask(url)
    return reply.echo["path"] if reply.status == 200 else reply.status


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("/something", "/"),
        ("/something/", "/"),
        ("/something/new", "/new"),
        ("/something/a/b", "/a/b"),
        ("/somethingelse", 404),
    ],
)
def test_rewrite_target_puts_a_capture_in_place_of_the_path(path, arrives, site):
    rules = rule("foo.test", (ANY, "/something(/|$)(.*)", "echo"))
    site.holds(ingress(rules, annotations={"rewrite-target": "/$2"}))
    assert _arrives(site, f"http://foo.test{path}") == arrives


def test_rewrite_target_keeps_the_query(site):
    rules = rule("foo.test", (ANY, "/api/(.*)", "echo"))
    site.holds(ingress(rules, annotations={"rewrite-target": "/v2/$1"}))
    echo = site.web.ask("http://foo.test/api/users?page=2").echo
    assert (echo["path"], echo["query"]) == ("/v2/users", "page=2")


def test_rewrite_target_without_captures_replaces_the_whole_path(site):
    rules = rule("foo.test", ("Prefix", "/old", "echo"))
    site.holds(ingress(rules, annotations={"rewrite-target": "/new"}))
    assert _arrives(site, "http://foo.test/old") == "/new"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/users/42", "number"),
        ("/users/42/orders", "number"),
        ("/USERS/42", "number"),
        ("/users/me", 404),
        ("/x/users/42", 404),
    ],
)
def test_use_regex_matches_from_the_start_without_case(path, answer, site):
    rules = rule("foo.test", (ANY, "/users/[0-9]+", "number"))
    site.holds(ingress(rules, annotations={"use-regex": "true"}))
    assert site.answers(f"http://foo.test{path}") == answer


def test_of_several_regexes_the_longest_is_asked_first(site):
    rules = rule("foo.test", (ANY, "/a/.*", "short"), (ANY, "/a/b/[a-z]+", "long"))
    site.holds(ingress(rules, annotations={"use-regex": "true"}))
    assert site.answers("http://foo.test/a/b/c") == "long"
    assert site.answers("http://foo.test/a/x") == "short"


@pytest.mark.parametrize("pattern", ["/foo(", "/foo[", "/(?P<uri>x)", "/a{2,1}", "/x(?C1)"])
def test_a_bad_regex_costs_its_own_path_alone(pattern, site):
    rules = rule("bad.test", (ANY, pattern, "echo"), (ANY, "/good", "echo"))
    bad = ingress(rules, name="bad", annotations={"use-regex": "true"})
    site.holds(bad, ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    assert site.answers("http://foo.test/") == "echo"
    assert site.answers("http://bad.test/good") == "echo"


SLOW = [
    ("/(a|aa)+$", "a" * 26 + "!"),
    ("/(a?){16}a{16}b", "a" * 16 + "!b"),
    ("/(?:a{0,9}){0,9}b[xy]", "a" * 10 + "!b"),
    ("/" + "(?:a|aa)" * 20 + "b", "a" * 40 + "!b"),
    ("/.*.*.*=x", "x=" + "a" * 200),
    ("/.*?.*?.*?b[xy]", "b" + "a" * 200),
    ("/(?:a*b|a)+!", "a" * 2000 + "-!"),
    ("/(?:(?>a*)b|a)+!", "a" * 4000 + "-!"),
    (r"/(a*?)\1\1\1b", "a" * 4000 + "-b"),
    ("/(?:(?=.*b)|a)+!", "a" * 2000 + "-!"),
]
"""Expressions, and paths that without our limit they would be found not to match, after long."""


def _is_given_up(site, pattern, path):
    slow = rule("slow.test", (ANY, pattern, "echo"), (ANY, "/good", "echo"))
    site.holds(ingress(slow, annotations={"use-regex": "true"}))
    assert site.answers("http://slow.test/good") == "echo"
    return site.answers(f"http://slow.test/{path}") == 500


@pytest.mark.parametrize(("pattern", "path"), SLOW)
def test_an_expression_that_takes_too_long_is_given_up(pattern, path, site):
    # Without our limit the answer would be 404: PCRE2's own is not met.
    assert pcre2.compile(f"(*NO_AUTO_POSSESS)^{pattern}", jit=False).match(f"/{path}") is None
    assert _is_given_up(site, pattern, path)


@pytest.fixture(scope="module")
def debian_site(fresh_site, lua):
    """Of Debian's nginx, which is built with PCRE2; the other one is with PCRE 8."""
    with fresh_site(f"--nginx-bin={lua}") as site:
        yield site


@pytest.mark.parametrize(("pattern", "path"), SLOW)
def test_an_nginx_with_pcre2_gives_it_up_as_well(pattern, path, debian_site):
    assert _is_given_up(debian_site, pattern, path)
