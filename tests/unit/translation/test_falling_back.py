"""What is served where something cannot be: the last good certificate, the last good version."""

import pytest
from msgspec.structs import replace

from generator.objects import Name
from generator.problems import Code
from generator.translation import LastGood, Memo, Translation, translate
from generator.translation.backends import UNAVAILABLE
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import (
    backends,
    decoded,
    locations,
    options,
    published,
    server,
    snapshot,
    told,
)
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

SECRET = Name("default", "shop")
NAME = Name("default", "shop")
TLS = [{"hosts": ["shop.test"], "secretName": "shop"}]
SHOP = ingress(rule("shop.test", ("Prefix", "/", "shop")), tls=TLS)
PLAIN = ingress(rule("shop.test", ("Prefix", "/new", "shop")))
OLD = decoded(ingress(rule("shop.test", ("Prefix", "/old", "shop"))))
NOTHING = LastGood()
PAIR = Authority().issue("shop.test")


@pytest.fixture(scope="module")
def good() -> LastGood:
    """What is known once the shop was served with its certificate."""
    return LastGood(certificates=with_secret(tls_secret("shop", PAIR)).certificates)


def with_secret(*secrets, last_good=NOTHING) -> Translation:
    return translate(
        snapshot(SHOP, *secrets, *published("shop")), options(), Memo(), last_good=last_good
    )


def with_bug(*bugs, last_good=NOTHING) -> Translation:
    """The shop with fields that no apiserver lets through, beside a good neighbour."""
    whole = snapshot(
        PLAIN, ingress(rule("good.test", ("Prefix", "/", "shop")), name="good"), *published("shop")
    )
    shop = whole.ingresses[NAME]
    for bug in bugs:
        shop = bug(shop)
    broken = replace(whole, ingresses={**whole.ingresses, NAME: shop})
    return translate(broken, options(), Memo(), last_good=last_good)


def odd_annotation(shop):
    annotations = {"nginx.ingress.kubernetes.io/proxy-body-size": object()}
    return replace(shop, metadata=replace(shop.metadata, annotations=annotations))


def no_rules(shop):
    return replace(shop, spec=replace(shop.spec, rules=None))


@pytest.mark.parametrize("secrets", [[], [tls_secret("shop", Authority().issue("a"))]])
def test_of_a_secret_that_is_gone_or_broken_the_last_good_certificate_is_served(good, secrets):
    for secret in secrets:
        secret["stringData"]["tls.key"] = "broken"
    found = with_secret(*secrets, last_good=good)
    assert server(found).certificate == good.certificates[SECRET]
    assert found.certificates == good.certificates
    (problem,) = found.problems
    assert problem.advice.endswith("Meanwhile: https answers with the last good certificate.")


def test_without_a_last_good_certificate_it_is_the_default_one():
    found = with_secret()
    assert server(found).certificate is None
    assert found.problems[0].advice.endswith("https answers with the default certificate.")


def test_a_certificate_that_nginx_refuses_is_as_good_as_none(good):
    secret = tls_secret("shop", Authority().issue("shop.test"))
    digest = with_secret(secret).certificates[SECRET].file.digest

    found = with_secret(secret, last_good=replace(good, refused_files={digest: "ca md too weak"}))

    assert found.certificates == good.certificates
    assert found.problems[0].message == (
        "nginx refuses the certificate of Secret default/shop: ca md too weak."
    )


def test_the_default_certificate_stays_the_last_good_one_too(good):
    found = translate(snapshot(), options(default_certificate=SECRET), Memo(), last_good=good)
    assert found.model.default_certificate == good.certificates[SECRET]
    assert found.problems[0].advice.endswith("the last good one is served.")


def test_what_becomes_known_later_is_seen_although_nothing_else_changed(good):
    memo, without = Memo(), snapshot(SHOP, *published("shop"))
    assert server(translate(without, options(), memo)).certificate is None
    assert server(translate(without, options(), memo, last_good=good)).certificate is not None
    assert server(translate(without, options(), memo)).certificate is None


def test_an_ingress_that_meets_a_bug_is_served_as_it_last_was_good():
    found = with_bug(no_rules, last_good=LastGood(ingresses={NAME: OLD}))
    assert backends(found)["/old/"] == "shop"
    assert backends(found, "good.test") == {"/": "shop"}
    assert [(p.code, p.advice) for p in found.problems] == [
        (Code.INTERNAL_ERROR, "Please report this. Meanwhile: its last good version is served.")
    ]


def test_without_a_good_version_its_paths_answer_503():
    found = with_bug(odd_annotation)
    assert locations(found)["/new/"].handler.action == UNAVAILABLE
    assert "its paths answer 503" in found.problems[0].advice


def test_where_even_that_meets_the_bug_it_is_left_out_and_told_without_a_traceback():
    found = with_bug(no_rules)
    assert [each.host.name for each in found.model.servers] == ["", "good.test"]
    (line,) = told(found)
    assert line.startswith("error default/shop : Pillion fails at it: ")
    assert "Traceback" not in line + found.problems[0].advice
    assert "Traceback" in found.traces[0]


def test_a_bug_that_the_parts_of_a_host_meet_costs_that_host_alone():
    class Odd(str):
        __slots__ = ()

        def rstrip(self, *_):
            raise RuntimeError

    def odd_path(shop):
        (only,) = shop.spec.rules
        (path,) = only.http.paths
        http = replace(only.http, paths=(replace(path, path=Odd("/odd")),))
        return replace(shop, spec=replace(shop.spec, rules=(replace(only, http=http),)))

    found = with_bug(odd_path)
    assert backends(found) == {"/": "503"}
    assert backends(found, "good.test") == {"/": "shop"}
    assert [p.code for p in found.problems] == [Code.INTERNAL_ERROR]
