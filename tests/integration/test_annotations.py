"""Annotations as nginx obeys them, and what a mistake in one costs."""

import pytest

from generator.annotations.catalog import ALL
from generator.annotations.declaration import OnError
from tests.drivers.ingresses import ingress, rule

FOO = "http://foo.test/"


def _site(site, annotations):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations=annotations))


@pytest.mark.parametrize("name", ["whitelist-source-range", "allowlist-source-range"])
@pytest.mark.parametrize(
    ("networks", "answer"),
    [
        ("127.0.0.0/8", "echo"),
        ("192.0.2.0/24, 127.0.0.1", "echo"),
        ("192.0.2.0/24", 403),
        ("::1", 403),
        ("127.0.0.300", 503),
    ],
)
def test_only_listed_networks_are_let_in_and_a_bad_list_lets_in_nobody(
    name, networks, answer, site
):
    _site(site, {name: networks})
    assert site.answers(FOO) == answer


def test_listed_networks_are_kept_out(site):
    _site(site, {"denylist-source-range": "127.0.0.0/8"})
    assert site.answers(FOO) == 403


def test_a_backend_that_is_silent_for_too_long_is_answered_504(site):
    _site(site, {"proxy-read-timeout": "1"})
    assert site.answers(FOO + "?delay_s=20") == 504
    assert site.answers(FOO + "?delay_s=0.1") == "echo"


def test_a_timeout_is_only_its_own_ingress_s(site):
    short = ingress(rule("short.test", ("Prefix", "/", "echo")), name="short")
    short["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-read-timeout"] = "1"
    site.holds(short, ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    assert site.answers(FOO + "?delay_s=1.5") == "echo"


BAD = "not; } a $value"


@pytest.mark.parametrize("annotation", ALL, ids=lambda annotation: annotation.name)
def test_a_bad_value_costs_its_own_ingress_at_most(annotation, site):
    bad = [
        ingress(
            rule(f"{a.name}.test", ("Prefix", "/", "echo")), name=a.name, annotations={a.name: BAD}
        )
        for a in ALL
    ]
    site.holds(*bad, ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    expected = 503 if annotation.on_error is OnError.DENY else "echo"
    assert site.answers(f"http://{annotation.name}.test/") == expected
    assert site.answers(FOO) == "echo"


PASSED_BY_INGRESS_NGINX_AND_REFUSED_BY_NGINX = [
    ("proxy-connect-timeout", "-5"),
    ("proxy-read-timeout", "99999999999"),
    ("proxy-body-size", "99999999999999g"),
    ("rewrite-target", "/$foo"),
    ("rewrite-target", "/${"),
    ("rewrite-target", '/";'),
    ("backend-protocol", "GRPC;"),
    ("ssl-redirect", "maybe"),
    ("whitelist-source-range", "0.0.0.0/99"),
]


@pytest.mark.parametrize(("name", "value"), PASSED_BY_INGRESS_NGINX_AND_REFUSED_BY_NGINX)
def test_a_value_that_nginx_would_refuse_does_not_stop_others(name, value, site):
    bad = ingress(rule("bad.test", ("Prefix", "/", "echo")), name="bad", annotations={name: value})
    site.holds(bad, ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    assert site.answers(FOO) == "echo"
    assert site.answers("http://bad.test/") in {"echo", 503}


def test_an_unknown_annotation_is_told_and_costs_nothing(site):
    _site(site, {"proxy-body-sise": "8m"})
    assert site.answers(FOO) == "echo"
    assert "proxy-body-size" in site.problem("annotation-unknown")
