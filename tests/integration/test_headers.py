"""What a backend is told of the request, as ingress-nginx tells it."""

from tests.drivers.ingresses import ingress, rule

URL = "http://foo.test/path?q=1"


def _sent(site, headers=None, url=URL):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    reply = site.web.ask(url, headers=headers)
    assert reply.status == 200
    return {name.lower(): value for name, value in reply.echo["headers"].items()}


def test_host_arrives_as_the_client_sent_it(site):
    assert _sent(site)["host"] == "foo.test"
    assert _sent(site, url="http://foo.test:8080/")["host"] == "foo.test:8080"


def test_the_client_and_what_it_asked_for_are_named(site):
    sent = _sent(site)
    assert sent["x-real-ip"] == "127.0.0.1"
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert sent["x-forwarded-host"] == "foo.test"
    assert sent["x-forwarded-proto"] == sent["x-forwarded-scheme"] == sent["x-scheme"] == "http"
    assert sent["x-forwarded-port"] in {"80", str(site.pair.http_port)}


def test_https_is_told_to_the_backend(site):
    sent = _sent(site, url="https://foo.test/")
    assert sent["x-forwarded-proto"] == sent["x-forwarded-scheme"] == sent["x-scheme"] == "https"
    assert sent["x-forwarded-port"] in {"443", str(site.pair.https_port)}


def test_a_client_cannot_forge_where_it_comes_from(site):
    forged = {
        "X-Forwarded-For": "198.51.100.7",
        "X-Real-IP": "198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "bank.test",
        "X-Forwarded-Port": "1",
        "X-Scheme": "https",
    }
    sent = _sent(site, forged)
    assert sent["x-forwarded-for"] == sent["x-real-ip"] == "127.0.0.1"
    assert sent["x-original-forwarded-for"] == "198.51.100.7"
    assert (sent["x-forwarded-proto"], sent["x-scheme"]) == ("http", "http")
    assert sent["x-forwarded-host"] == "foo.test"
    assert sent["x-forwarded-port"] != "1"


def test_every_request_has_an_id_and_a_client_may_bring_its_own(site):
    first, second = (_sent(site)["x-request-id"] for _ in range(2))
    assert len(first) == len(second) == 32
    assert first != second
    assert _sent(site, {"X-Request-ID": "mine"})["x-request-id"] == "mine"


def test_a_proxy_header_does_not_reach_the_backend(site):
    assert "proxy" not in _sent(site, {"Proxy": "http://evil.test"})


def test_other_headers_arrive_as_they_were_sent(site):
    own = {
        "Authorization": "Bearer abc",
        "X-Own": "a b",
        "Accept-Encoding": "gzip",
        "Cookie": "a=b",
    }
    sent = _sent(site, own)
    assert {name: sent[name.lower()] for name in own} == own


def test_the_answer_of_the_backend_arrives_with_its_headers(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    reply = site.web.ask("http://foo.test/?status=418&header=X-Own:yes&header=Set-Cookie:a=b")
    assert (reply.status, reply.headers["X-Own"], reply.headers["Set-Cookie"]) == (
        418,
        "yes",
        "a=b",
    )


def test_the_backend_is_spoken_to_in_http_1_1_on_kept_connections(site):
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo"))))
    replies = [site.web.ask(URL).echo for _ in range(8)]
    assert {reply["version"] for reply in replies} == {"1.1"}
    assert len({reply["connection"] for reply in replies}) < len(replies)
