"""Certificates by SNI, and from http to https."""

import datetime as dt
from urllib.parse import urlsplit

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority, Pair

AUTHORITY = Authority()


def _secure(*hosts: str, secret: str = "cert", **annotations: str) -> dict:
    given = {name.replace("_", "-"): value for name, value in annotations.items()}
    rules = [rule(host, ("Prefix", "/", "echo")) for host in hosts]
    tls = [{"hosts": list(hosts), "secretName": secret}]
    return ingress(*rules, name=secret, annotations=given, tls=tls)


def _secret(*names: str, secret: str = "cert", **issue: object) -> dict:
    return tls_secret(secret, AUTHORITY.issue(*names, **issue))


def test_each_host_shows_its_own_certificate_and_others_the_default_one(site):
    site.holds(
        _secure("a.test", secret="a"),
        _secret("a.test", secret="a"),
        _secure("b.test", secret="b"),
        _secret("b.test", secret="b"),
    )
    assert site.web.names("a.test") == ["a.test"]
    assert site.web.names("b.test") == ["b.test"]
    assert site.web.names("unknown.test") not in (["a.test"], ["b.test"])


def test_a_client_that_trusts_the_authority_is_let_through(site):
    site.holds(_secure("a.test"), _secret("a.test"))
    reply = site.web.ask("https://a.test/x", trust=AUTHORITY.client_context())
    assert (reply.status, reply.echo["path"]) == (200, "/x")


def test_a_wildcard_certificate_serves_each_host_below_it(site):
    site.holds(_secure("*.w.test", "one.w.test"), _secret("*.w.test"))
    for host in ("one.w.test", "two.w.test"):
        reply = site.web.ask(f"https://{host}/", trust=AUTHORITY.client_context())
        assert reply.status == 200


def test_a_renewed_certificate_is_shown(site):
    site.holds(_secure("a.test"), _secret("a.test"))
    before = site.web.certificate("a.test")
    site.holds(_secure("a.test"), _secret("a.test"))
    assert site.web.certificate("a.test").serial_number != before.serial_number


BROKEN = {
    "not there": None,
    "not PEM": Pair("garbage", "garbage"),
    "someone else's key": Pair(
        AUTHORITY.issue("a.test").certificate, AUTHORITY.issue("a.test").key
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_certificate_costs_its_own_host_the_certificate_and_nobody_else(what, site):
    broken = BROKEN[what]
    secrets = [tls_secret("a", broken)] if broken else []
    site.holds(_secure("a.test", secret="a"), *secrets, _secure("b.test"), _secret("b.test"))
    assert site.web.names("b.test") == ["b.test"]
    assert site.answers("https://a.test/") == "echo"
    assert site.web.names("a.test") != ["a.test"]


def test_an_expired_certificate_is_shown_all_the_same(site):
    expired = _secret("a.test", lasts=dt.timedelta(days=-1))
    site.holds(_secure("a.test"), expired)
    assert site.web.names("a.test") == ["a.test"]


def test_http_is_redirected_where_the_host_has_tls_and_nowhere_else(site):
    plain = ingress(rule("plain.test", ("Prefix", "/", "echo")), name="plain")
    site.holds(_secure("a.test"), _secret("a.test"), plain)
    reply = site.web.ask("http://a.test/x/y?z=1", "POST", body=b"x")
    location = urlsplit(reply.headers["Location"])
    assert reply.status == 308
    assert (location.scheme, location.hostname) == ("https", "a.test")
    assert (location.path, location.query) == ("/x/y", "z=1")
    assert site.answers("http://plain.test/") == "echo"
    assert site.answers("https://plain.test/") == "echo"


def test_ssl_redirect_false_turns_the_redirect_off(site):
    site.holds(_secure("a.test", ssl_redirect="false"), _secret("a.test"))
    assert site.answers("http://a.test/") == "echo"
    assert site.answers("https://a.test/") == "echo"


def test_force_ssl_redirect_redirects_a_host_without_tls(site):
    forced = {"force-ssl-redirect": "true"}
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations=forced))
    assert site.answers("http://foo.test/") == 308
    assert site.answers("https://foo.test/") == "echo"


def test_a_tls_section_without_a_secret_has_the_default_certificate_and_redirects(site):
    bare = _secure("a.test")
    del bare["spec"]["tls"][0]["secretName"]
    site.holds(bare)
    assert site.answers("http://a.test/") == 308
    assert site.answers("https://a.test/") == "echo"
