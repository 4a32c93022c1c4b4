"""What scripts of other origins may do, on a real nginx."""

import pytest

from tests.drivers.ingresses import ingress, rule

APP = "https://app.example.com"
FOO = "http://foo.test"
ASKING = {"Origin": APP, "Access-Control-Request-Method": "PUT"}


def shared(site, *, tls=(), **annotations):
    given = {"enable-cors": "true"} | {n.replace("_", "-"): t for n, t in annotations.items()}
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations=given, tls=tls))


def told(reply):
    """The headers of CORS, without what their names begin with."""
    begin = "access-control-"
    return {
        name.lower().removeprefix(begin): value
        for name, value in reply.headers.items()
        if name.lower().startswith(begin)
    }


def allowed(site, origin, path="/"):
    return told(site.web.ask(f"{FOO}{path}", headers={"Origin": origin})).get("allow-origin")


def test_any_origin_is_told_what_ingress_nginx_tells_and_asks_first(site):
    shared(site)
    reply = site.web.ask(f"{FOO}/", "OPTIONS", headers=ASKING)
    assert (reply.status, reply.body) == (204, b"")
    assert told(reply) == {
        "allow-origin": "*",
        "allow-credentials": "true",
        "allow-methods": "GET, PUT, POST, DELETE, PATCH, OPTIONS",
        "allow-headers": "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,"
        "Cache-Control,Content-Type,Range,Authorization",
        "max-age": "1728000",
    }
    assert told(site.web.ask(f"{FOO}/")) == told(reply)


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (APP, True),
        ("https://APP.example.com", True),
        ("http://app.example.com", False),
        ("https://a.wild.example.com", True),
        ("https://a.b.wild.example.com", False),
        ("https://wild.example.com", False),
        ("https://app.example.com.evil.test", False),
        ("https://evil.test?https://app.example.com", False),
        ("https://evil.testhttps://a.wild.example.com", False),
        ("null", False),
    ],
)
def test_only_listed_origins_are_allowed(origin, is_allowed, site):
    shared(site, cors_allow_origin=f"{APP}, https://*.wild.example.com")
    assert allowed(site, origin) == (origin if is_allowed else None)
    preflight = site.web.ask(f"{FOO}/", "OPTIONS", headers=ASKING | {"Origin": origin})
    assert preflight.status == (204 if is_allowed else 200)


def test_caches_are_told_that_the_answer_depends_on_the_origin(site):
    shared(site, cors_allow_origin=APP)
    assert site.web.ask(f"{FOO}/").headers["Vary"] == "Origin"


def test_what_the_backend_says_is_replaced_for_an_allowed_origin_alone(site):
    shared(site, cors_allow_origin=APP)
    own = "/?header=Access-Control-Allow-Origin:*"
    assert allowed(site, APP, own) == APP
    assert allowed(site, "https://other.test", own) == "*"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"proxy_body_size": "1k"}, 413),
        ({"denylist_source_range": "0.0.0.0/0,::/0"}, 403),
        ({"allowlist_source_range": "not a network"}, 503),
    ],
)
def test_scripts_may_read_errors_too(more, status, site):
    shared(site, cors_allow_origin=APP, **more)
    reply = site.web.ask(f"{FOO}/", "POST", body=b"x" * 5000, headers={"Origin": APP})
    assert (reply.status, told(reply)["allow-origin"]) == (status, APP)
    assert told(reply)["allow-credentials"] == "true"


def test_a_preflight_request_is_not_redirected_and_hsts_stays(site):
    shared(site, tls=[{"hosts": ["foo.test"]}])
    assert site.web.ask(f"{FOO}/", "OPTIONS", headers=ASKING).status == 204
    reply = site.web.ask("https://foo.test/", headers=ASKING)
    assert reply.headers["Strict-Transport-Security"]
    assert told(reply)["allow-origin"] == "*"


def test_an_origin_that_is_none_allows_nobody(site):
    shared(site, cors_allow_origin="example.com")
    assert told(site.web.ask(f"{FOO}/", headers={"Origin": "https://example.com"})) == {}
