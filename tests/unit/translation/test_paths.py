"""Paths of rules, and what nginx compares for them."""

import pytest

from generator.directives import Expression
from generator.problems import Code
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import backends, built, locations, told


def aged(thing, created, name):
    metadata = {**thing["metadata"], "name": name, "creationTimestamp": created}
    return {**thing, "metadata": metadata}


OLDER, YOUNGER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def shop(*paths, **more):
    return ingress(rule("shop.test", *paths), **more)


def rewrites(found):
    return {
        name: (rewrite.arguments[0].pattern, rewrite.arguments[1])
        for name, each in locations(found).items()
        for rewrite in each.handler.statements
        if rewrite.name == "rewrite"
    }


# --- path types -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/foo", "/foo/"])
def test_a_prefix_is_of_elements_and_nginx_never_redirects_to_its_slash(path):
    assert backends(built(shop(("Prefix", path, "web")))) == {
        "= /foo": "web",
        "/foo/": "web",
        "/": "404",
    }


def test_a_path_that_ends_in_a_slash_redirects_to_it_as_in_ingress_nginx():
    found = built(shop(("ImplementationSpecific", "/foo/", "web")))
    assert backends(found) == {"/foo/": "web", "/": "404"}


def test_an_exact_path_comes_before_a_prefix_of_the_same_text_whoever_is_older():
    found = built(
        aged(shop(("Prefix", "/foo", "prefix")), OLDER, "a"),
        aged(shop(("Exact", "/foo", "exact")), YOUNGER, "b"),
    )
    assert backends(found) == {"= /foo": "exact", "/foo/": "prefix", "/": "404"}
    assert told(found) == []


def test_an_empty_path_is_all_paths():
    paths = [{"backend": {"service": {"name": "web", "port": {"number": 80}}}}]
    found = built(ingress({"host": "shop.test", "http": {"paths": paths}}))
    assert backends(found) == {"/": "web"}


NOT_PATHS = [
    *("foo", "/a b", "/a\tb", "/a\x7f", "/a\x85b", "/a\u2028b", "/a\u202eb", "/\ud800", "/a\0"),
    *("/" + "ä" * 500, "/" + "$" * 101, "/a//b", "/a/./b", "/a/..", "/a%2Fb"),
]


@pytest.mark.parametrize("path", NOT_PATHS, ids=ascii)
def test_a_path_that_nginx_cannot_compare_is_left_out_and_the_others_stay(path):
    found = built(shop(("Exact", path, "web"), ("Prefix", "/ok", "web")))
    assert backends(found) == {"= /ok": "web", "/ok/": "web", "/": "404"}
    (problem,) = found.problems
    assert (problem.code, problem.field) == (
        Code.PATH_INVALID,
        "spec.rules[0].http.paths[0].path",
    )
    assert problem.message.isprintable()


# --- escapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "compared"),
    [
        ("/caf%C3%A9", "/café"),
        ("/my%20app", "/my app"),
        ("/a%2Bb", "/a+b"),
        ("/x%2Dy", "/x-y"),
        ("/100%25", "/100%"),
        ("/100%", "/100%"),
        ("/a%252fb", "/a%2fb"),
    ],
)
def test_a_path_with_escapes_is_compared_as_nginx_compares_it(path, compared):
    assert backends(built(shop(("Exact", path, "web")))) == {f"= {compared}": "web", "/": "404"}


def test_a_path_that_is_written_in_two_ways_is_taken_once():
    found = built(shop(("Exact", "/caf%C3%A9", "web"), ("Exact", "/café", "other")))
    assert backends(found) == {"= /café": "web", "/": "404"}
    assert [problem.code for problem in found.problems] == [Code.PATH_TAKEN]


def test_an_escape_in_an_expression_is_the_byte_that_nginx_compares():
    found = built(regex(("ImplementationSpecific", r"/my%20app/[%20]\%20(.*)", "web")))
    assert backends(found) == {r"~* ^/my\x20app/[%20]\%20(.*)": "web", "/": "404"}


# --- paths that cannot be served, of Ingresses that guard access ------------------------------


def guarded(*paths, **more):
    return shop(*paths, annotations={"denylist-source-range": "10.0.0.0/8"} | more)


@pytest.mark.parametrize(
    ("kind", "path", "matched"),
    [
        ("Exact", "/my files", "= /my files"),
        ("Exact", "/a//b/./c", "= /a/b/c"),
        ("Exact", "/a%2Fb", "= /a/b"),
        ("ImplementationSpecific", "/a%2Fb", "/a/b"),
        ("Exact", "/x/%2e%2e/admin", "= /admin"),
        ("Exact", "/admin%0a", "/admin"),
        ("Exact", "/admin\ud800", "/admin"),
        ("Exact", "/admin%ff", "/admin"),
        ("ImplementationSpecific", "/" + "a" * 1001, "/" + "a" * 999),
    ],
    ids=ascii,
)
def test_a_guarded_path_that_cannot_be_served_is_shut(kind, path, matched):
    found = built(guarded((kind, path, "web"), ("Prefix", "/", "web")))
    assert backends(found) == {matched: "503", "/": "web"}
    (problem,) = found.problems
    assert "503" in problem.meanwhile


@pytest.mark.parametrize("path", ["/", "foo", "/%0a", "/..", "/%20pillion/auth", "/(", "/a|(b"])
def test_nothing_is_shut_where_that_would_be_all_paths_or_none(path):
    found = built(guarded(("ImplementationSpecific", path, "web"), **{"use-regex": "true"}))
    assert "503" not in backends(found).values()


def test_a_guarded_expression_that_is_none_is_shut_where_it_begins():
    wrong = ("ImplementationSpecific", "/admin/b*(", "web")
    found = built(guarded(wrong, ("Prefix", "/", "web"), **{"use-regex": "true"}))
    assert backends(found) == {"~* ^/admin/": "503", "~* ^/": "web", "/": "404"}


# --- regular expressions ----------------------------------------------------------------------


def regex(*paths, **more):
    return shop(*paths, annotations={"use-regex": "true"}, **more)


def test_an_invalid_regex_costs_its_own_path_alone():
    found = built(
        regex(("ImplementationSpecific", "/a(", "web"), ("ImplementationSpecific", "/b", "web"))
    )
    assert backends(found) == {"~* ^/b": "web", "/": "404"}
    assert [problem.code for problem in found.problems] == [Code.PATH_INVALID]


def test_one_regex_makes_expressions_of_all_paths_of_the_host_longest_first():
    found = built(
        aged(shop(("Exact", "/a.b", "exact"), ("Prefix", "/long", "prefix")), OLDER, "a"),
        aged(regex(("ImplementationSpecific", "/a.*", "web")), YOUNGER, "b"),
    )
    assert list(backends(found)) == ["/", "~* ^/long", r"~* ^/a\.b", "~* ^/a.*"]
    assert [problem.code for problem in found.problems] == [Code.PATH_BECOMES_REGEX] * 2


def test_paths_count_as_long_as_they_were_written_and_the_last_by_alphabet_comes_first():
    found = built(
        shop(("Exact", "/.....", "web"), name="a"),
        regex(*(("ImplementationSpecific", path, "web") for path in ("/abbc*", "/aa")), name="b"),
        regex(("ImplementationSpecific", "/zz", "web"), name="c"),
    )
    assert list(backends(found))[1:] == ["~* ^/abbc*", r"~* ^/\.\.\.\.\.", "~* ^/zz", "~* ^/aa"]


def test_a_path_of_no_type_beside_a_regex_is_one_as_in_ingress_nginx_if_it_can_be():
    found = built(
        shop(
            ("ImplementationSpecific", "/api/./v1", "web"), ("ImplementationSpecific", "/(", "web")
        ),
        regex(("ImplementationSpecific", "/x", "web"), name="b"),
    )
    assert list(backends(found))[1:] == ["~* ^/api/./v1", "~* ^/x", r"~* ^/\("]


def test_among_expressions_the_older_wins_exact_or_not():
    found = built(
        aged(shop(("Prefix", "/foo", "prefix")), OLDER, "a"),
        aged(shop(("Exact", "/foo", "exact")), YOUNGER, "b"),
        regex(("ImplementationSpecific", "/x", "web"), name="c"),
    )
    assert backends(found)["~* ^/foo"] == "prefix"


def test_where_kubernetes_ways_hold_a_regex_makes_none_of_others_paths():
    found = built(
        shop(("Exact", "/a.b", "exact"), ingressClassName="plain"),
        regex(("ImplementationSpecific", "/a.*", "web"), name="b", ingressClassName="plain"),
        {
            "kind": "IngressClass",
            "metadata": {"name": "plain"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
    )
    assert list(backends(found)) == ["= /a.b", "/", "~* ^/a.*"]


def test_expressions_of_the_default_host_come_before_pillions_own_health():
    found = built(
        ingress(
            rule("", ("ImplementationSpecific", "/.*", "web")), annotations={"use-regex": "true"}
        )
    )
    assert backends(found, "") == {"/healthz": "200", "/": "404", "~* ^/.*": "web"}


# --- rewriting --------------------------------------------------------------------------------


def rewriting(target, *paths, **more):
    return shop(*paths, annotations={"rewrite-target": target}, **more)


def test_a_path_is_rewritten_in_any_case_since_it_is_matched_in_any():
    found = built(rewriting("/$2", ("ImplementationSpecific", "/api(/|$)(.*)", "web")))
    assert rewrites(found) == {"~* ^/api(/|$)(.*)": ("(?i)^/api(/|$)(.*)", Expression("/$2"))}


@pytest.mark.parametrize("kind", ["Prefix", "ImplementationSpecific"])
def test_a_target_that_is_the_path_itself_changes_nothing_as_in_ingress_nginx(kind):
    found = built(rewriting("/", (kind, "/", "web")))
    assert (backends(found), rewrites(found)) == ({"/": "web"}, {})


def test_a_target_counts_for_the_paths_that_differ_from_it():
    found = built(rewriting("/", ("Prefix", "/", "web"), ("Prefix", "/old", "web")))
    assert list(rewrites(found)) == ["~* ^/old"]
    assert backends(found)["~* ^/"] == "web"


def test_a_target_that_is_wrong_leaves_paths_as_kubernetes_reads_them():
    found = built(rewriting("/$nosuch", ("Prefix", "/old", "web")))
    assert list(backends(found)) == ["= /old", "/old/", "/"]
    assert rewrites(found) == {}


# --- challenges of ACME -----------------------------------------------------------------------

CHALLENGE = "/.well-known/acme-challenge/Zk3vQ0yJx5m1tLw8nB2cR7_F9gH4jK6pS-uXaEo"


@pytest.mark.parametrize("type_", ["Exact", "ImplementationSpecific"])
def test_an_acme_solver_gets_its_path_before_any_expression_of_the_host(type_):
    longer = "/(?!(api|static|media|socket|health|metrics|docs|assets)(/|$)).*"
    app = shop(("ImplementationSpecific", longer, "app"), annotations={"use-regex": "true"})
    solver = shop((type_, CHALLENGE, "solver"))
    found = built(aged(app, OLDER, "app"), aged(solver, YOUNGER, "solver"))
    assert backends(found)[f"= {CHALLENGE}"] == "solver"
    assert told(found) == []


def test_a_challenge_that_is_written_into_the_applications_ingress_is_not_rewritten():
    paths = [("ImplementationSpecific", "/(.*)", "app"), ("Exact", CHALLENGE, "solver")]
    found = built(shop(*paths, annotations={"rewrite-target": "/app/$1"}))
    assert backends(found)[f"= {CHALLENGE}"] == "solver"
    assert list(rewrites(found)) == ["~* ^/(.*)"]


def test_a_challenge_is_guarded_as_its_ingress_says():
    guards = {"rewrite-target": "/", "allowlist-source-range": "192.0.2.0/24"}
    found = built(shop(("Exact", CHALLENGE, "solver"), annotations=guards))
    (location,) = (e for n, e in locations(found).items() if n.endswith(CHALLENGE))
    assert [each.name for each in location.handler.statements] == ["allow", "deny"]


@pytest.mark.parametrize("path", [f"{CHALLENGE}/more", f"{CHALLENGE}.*", CHALLENGE[:28]])
def test_only_the_path_of_one_token_is_a_challenge(path):
    found = built(
        shop(
            ("ImplementationSpecific", path, "web"),
            ("ImplementationSpecific", "/a(.*)", "app"),
            annotations={"use-regex": "true"},
        )
    )
    assert not any(name.startswith("= /.") for name in backends(found))


# --- what looks like a pattern ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/*", 'Write "/" with pathType Prefix.'),
        ("/api/*", 'Write "/api" with pathType Prefix.'),
        ("/api/(.*)", "If a regular expression is meant, set use-regex"),
        (r"/v\d+", "If a regular expression is meant, set use-regex"),
        ("/[a-z]+", "If a regular expression is meant, set use-regex"),
    ],
)
def test_a_path_that_looks_like_a_pattern_and_is_none_is_told(path, hint):
    (problem,) = built(shop(("ImplementationSpecific", path, "web"))).problems
    assert (problem.code, problem.hint[: len(hint)]) == (Code.PATH_LITERAL, hint)
    regex = {"use-regex": "true"}
    assert told(built(shop(("ImplementationSpecific", path, "web"), annotations=regex))) == []


@pytest.mark.parametrize("path", ["/Users(1)", "/a.b", "/a$b", "/a+b", "/~me", "/größe"])
def test_odd_characters_alone_make_no_pattern(path):
    assert told(built(shop(("Prefix", path, "web")))) == []
