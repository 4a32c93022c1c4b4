"""What the expressions of a host may cost a request, all of them together."""

import re

import pcre2
import pytest

from generator.objects import Name
from generator.problems import Code
from generator.translation.backends import UNAVAILABLE
from generator.translation.slow_expressions import may_take_long
from tests.drivers.ingresses import ingress, rule
from tests.drivers.nginx_locations import chosen
from tests.drivers.snapshots import built, locations, server

ANY = "ImplementationSpecific"
LIMIT = r"^\(\*NO_AUTO_POSSESS\)\(\*LIMIT_MATCH=([0-9]+)\)"


def shop(*paths, name="shop", **annotations):
    given = annotations or {"use-regex": "true"}
    return ingress(
        rule("shop.test", *((ANY, path, "web") for path in paths)), name=name, annotations=given
    )


def expressions(found):
    return [key.removeprefix("~* ") for key in locations(found) if key.startswith("~*")]


def steps(found):
    """What each slow expression may take."""
    limits = (re.match(LIMIT, text) for text in expressions(found))
    return [int(limit[1]) for limit in limits if limit]


def beyond(found):
    return [
        (p.object.name.name, p.message) for p in found.problems if p.code is Code.LIMIT_EXCEEDED
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "/foo(/|$)(.*)",
        "/foo/?(.*)",
        r"/[\w*+]+",
        r"/\*\+[^]*]",
        "/v[0-9]/users",
        "/(?:a|b)/[0-9]{4}",
        "/(?i)foo",
    ],
)
def test_what_honest_paths_look_like_takes_no_limit(pattern):
    assert not may_take_long(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "/(a|aa)+$",
        "/(a?){28}a{28}b",
        "/(?:a{0,9}){0,9}b[xy]",
        "/(a+)+$",
        "/(a|aa)(a|aa)(a|aa)(a|aa)b",
        "/.*=[xy]",
        "/.*$",
        "/(.*)/v1/(.*)",
        "/a{2,}b*",
        "/a?a?a?a?b",
        "/(?>a*)b",
        "/a*+b",
        r"/(a)\1",
        "/(?=.*b)a",
        "/(?<!b)a",
    ],
)
def test_what_may_try_one_character_often_takes_a_limit(pattern):
    assert may_take_long(pattern)


def test_the_expressions_of_a_host_share_the_steps_of_one():
    def total(paths):
        return sum(steps(built(shop(*paths))))

    one, many = total(["/.*=x"]), total([f"/.*=x{n}" for n in range(150)])
    assert one == 100_000
    assert 0 < many <= one


def test_a_step_that_may_scan_all_of_a_path_counts_a_hundred_times():
    assert steps(built(shop("/(?>.*)x"))) == [1000]


def test_a_rewrite_has_the_limit_of_its_path():
    found = built(shop("/(a+)+$", **{"rewrite-target": "/$1"}))
    (location,) = (each for each in locations(found).values() if each.handler.owner)
    assert re.match(LIMIT, location.path.pattern)
    assert re.match(LIMIT, location.handler.statements[0].arguments[0].pattern)


def test_pcre2_reads_the_limit_as_well():
    (text,) = expressions(built(shop("/(a+)+$")))
    pcre2.compile(text.encode(), pcre2.IGNORECASE, jit=False)
    with pytest.raises(pcre2.LibraryError, match="match limit exceeded"):
        pcre2.compile(text, jit=False).match("/" + "a" * 60 + "!")


def test_of_very_many_slow_expressions_the_oldest_count_and_that_is_told():
    old, new = (f"/{name}.*=" for name in ("old", "new"))
    found = built(
        shop(*(f"{old}{n}" for n in range(150)), name="old"),
        shop(*(f"{new}{n}" for n in range(150)), name="with-more"),
    )
    assert len(steps(found)) == 200
    assert beyond(found) == [
        (
            "with-more",
            "Host shop.test has more than 200 regular expressions that may take long; of this "
            'Ingress 100 are beyond, the first is "/new.*=50".',
        )
    ]


def test_the_admin_says_how_many_slow_expressions_a_host_may_have():
    paths = [f"/.*={n}" for n in range(3)]
    config = {"kind": "ConfigMap", "metadata": {"name": "pillion"}}
    config["data"] = {"max-host-expressions": "2"}
    found = built(shop(*paths), config, config_map=Name("default", "pillion"))
    assert len(steps(found)) == 2


def test_a_guarded_path_beyond_the_bound_is_shut():
    paths = [f"/{n}/.*=" for n in range(201)]
    guard = {"use-regex": "true", "allowlist-source-range": "10.0.0.0/8"}
    found = built(shop(*paths, **guard))
    (shut,) = (each for key, each in locations(found).items() if "/200/" in key)
    assert shut.handler.action.status == 503


def test_a_shut_path_is_asked_where_its_expression_would_be_before_shorter_ones():
    slow = [f"/{n}/(a*)*x" for n in range(200)]
    guard = {"use-regex": "true", "allowlist-source-range": "10.0.0.0/8"}
    found = built(
        shop(*slow, name="a"),
        shop("/admin/(.*)/(.*)=", name="b", **guard),
        shop("/admin/[a-z]+", name="c", **{"use-regex": "true"}),
    )
    for path in ("/admin/users", "/admin/users/x="):
        assert chosen(server(found).locations, path).handler.action == UNAVAILABLE


def test_a_shut_path_without_a_literal_beginning_is_asked_for_all_paths():
    slow = [f"/{n}/(a*)*x" for n in range(200)]
    guard = {"use-regex": "true", "allowlist-source-range": "10.0.0.0/8"}
    found = built(
        shop(*slow, name="a"),
        shop("/(admin|secret)/(.*)=", name="b", **guard),
        shop("/", name="c", **{"use-regex": "true"}),
    )
    assert chosen(server(found).locations, "/secret/x=").handler.action == UNAVAILABLE
