"""What is rendered does what was meant, asked through a real nginx."""

import json
import socket
import ssl
from contextlib import ExitStack

import pytest

from generator.directives import Directive, Text, Word
from generator.model import Answer, Match, Protocol, Proxy, ProxyByName
from tests.drivers import dns, fastcgi, http2, models
from tests.drivers.models import location, proxied, server, upstream
from tests.drivers.nginx_process import Nginx
from tests.drivers.web import Web
from tests.lab.backend import Backend
from tests.lab.pki import Authority
from tests.lab.ports import free_port

AUTHORITY = Authority()
SECURED = ("secured.test", "*.secured.test")
HSTS = "max-age=31536000; includeSubDomains"
NOT_KNOWN = (404, b"default backend - 404")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """One nginx that serves a host for each thing that is asked below."""
    with ExitStack() as running:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(*AUTHORITY.issue("x").write(tmp_path_factory.mktemp("tls"), "x"))
        echo = running.enter_context(Backend("echo", "127.0.0.1"))
        six = running.enter_context(Backend("six", "::1"))
        tls = running.enter_context(Backend("tls", "127.0.0.1", tls=secure))
        fcgi = running.enter_context(fastcgi.responder())
        names = running.enter_context(dns.name_server({"known.example.com": "127.0.0.1"}))
        nginx = running.enter_context(
            Nginx(tmp_path_factory.mktemp("nginx"), {"resolvers": (names,)})
        )
        nginx.serve(_model(echo, six, tls, fcgi))
        yield nginx


def _model(echo, six, tls, fcgi):
    up = upstream("echo", ("127.0.0.1", echo.port))
    other = {
        "six": upstream("six", ("::1", six.port)),
        "tls": upstream("tls", ("127.0.0.1", tls.port)),
        "fcgi": upstream("fcgi", ("127.0.0.1", fcgi)),
    }
    owned = {"owner": models.ingress("default/shop"), "service": "default/echo", "port": "http"}
    allow, deny = (
        models.allow("127.0.0.1"),
        models.deny("all"),
    )
    rewrite = models.rewrite("(?i)^/a(/|$)(.*)", "/b/$2")
    by_name = {
        name: location("/", ProxyByName(host=f"{name}.example.com", port=echo.port))
        for name in ("known", "unknown")
    }
    own = models.certificate(*SECURED, authority=AUTHORITY)
    price = Directive("proxy_set_header", (Word("X-Price"), Text("$5")))
    return models.model(
        server("plain.test", proxied("/", up, **owned)),
        server(
            "secured.test",
            proxied("/", up, statements=(models.TO_HTTPS,)),
            tls=True,
            statements=models.HSTS,
            certificate=own,
        ),
        server("*.secured.test", proxied("/", up), certificate=own),
        server("six.test", proxied("/", other["six"])),
        server(
            "tls.test", location("/", Proxy(upstream=other["tls"].name, protocol=Protocol.HTTPS))
        ),
        server("auto.test", location("/", Proxy(upstream=up.name, protocol=Protocol.AUTO_HTTP))),
        server(
            "fcgi.test", location("/", Proxy(upstream=other["fcgi"].name, protocol=Protocol.FCGI))
        ),
        server("known.test", by_name["known"]),
        server("unknown.test", by_name["unknown"]),
        server("open.test", proxied("/", up, statements=(allow, deny))),
        server("closed.test", proxied("/", up, statements=(deny, allow))),
        server(
            "rewritten.test",
            proxied("/", up, statements=(rewrite,)),
            location("/b", Answer(status=503)),
        ),
        server("price.test", proxied("/", up, statements=(price,))),
        server("regex.test", location("^/x$", Answer(status=200, body="$1 {}"), Match.REGEX)),
        server("gone.test", location("/", Answer(status=503))),
        upstreams=[up, *other.values()],
    )


def headers_at(nginx, url, **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return nginx.web.ask(url, headers=given).echo["headers"]


def test_a_backend_gets_the_headers_that_ingress_nginx_sends(nginx):
    headers = headers_at(nginx, "http://plain.test:99/", X_Request_ID="mine")
    del headers["Accept-Encoding"]
    assert headers == {
        "Host": "plain.test:99",
        "X-Request-ID": "mine",
        "X-Real-IP": "127.0.0.1",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "plain.test:99",
        "X-Forwarded-Port": str(nginx.http_port),
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Scheme": "http",
        "X-Scheme": "http",
    }


def test_a_client_cannot_forge_them(nginx):
    forged = {"X_Real_IP": "6.6.6.6", "X_Forwarded_Proto": "gopher", "Proxy": "http://evil"}
    headers = headers_at(nginx, "https://plain.test/", X_Forwarded_For="6.6.6.6", **forged)
    assert (headers["X-Real-IP"], headers["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert (headers["X-Forwarded-For"], headers["X-Original-Forwarded-For"]) == (
        "127.0.0.1",
        "6.6.6.6",
    )
    assert "Proxy" not in headers


def test_a_request_without_an_id_gets_one_of_its_own(nginx):
    ids = {headers_at(nginx, "http://plain.test/")["X-Request-ID"] for _ in range(2)}
    assert len(ids) == 2


def test_a_request_without_a_host_still_has_one_for_the_backend(nginx):
    with nginx.web.connect("http://plain.test/") as wire:
        wire.sendall(b"GET http://plain.test/ HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["host"] == "plain.test"


def test_connections_to_a_backend_are_kept(nginx):
    used = [nginx.web.ask("http://plain.test/").echo["connection"] for _ in range(10)]
    assert len(set(used)) < len(used)


@pytest.mark.parametrize(
    ("host", "name"), [("six", "six"), ("tls", "tls"), ("auto", "echo"), ("known", "echo")]
)
def test_backends_are_reached_in_each_way(nginx, host, name):
    assert nginx.web.ask(f"http://{host}.test/a%20b?c=d").echo["backend"] == name
    assert nginx.web.ask(f"http://{host}.test/a%20b?c=d").echo["path"] == "/a%20b"


def test_a_name_that_nobody_knows_costs_its_own_host_a_502(nginx):
    assert nginx.web.status("http://unknown.test/") == 502


def test_a_fastcgi_backend_gets_the_usual_parameters(nginx):
    got = nginx.web.ask("https://fcgi.test/a.php?b=c", headers={"Proxy": "http://evil"}).echo
    assert (got["SCRIPT_NAME"], got["QUERY_STRING"], got["HTTPS"]) == ("/a.php", "b=c", "on")
    assert (got["REQUEST_METHOD"], got["HTTP_HOST"]) == ("GET", "fcgi.test")
    assert "HTTP_PROXY" not in got


def test_the_default_server_answers_hosts_that_nobody_names(nginx):
    for url in ("http://other.test/", "https://other.test/x", "http://127.0.0.1/"):
        reply = nginx.web.ask(url)
        assert (reply.status, reply.body) == NOT_KNOWN


@pytest.mark.parametrize(
    ("host", "status"), [("a.secured.test", 200), ("a.b.secured.test", 404), (".secured.test", 404)]
)
def test_a_wildcard_is_one_label_deep(nginx, host, status):
    assert nginx.web.ask("http://x/", headers={"Host": host}).status == status


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("secured.test", list(SECURED)),
        ("a.secured.test", list(SECURED)),
        ("plain.test", ["default.test"]),
        ("other.test", ["default.test"]),
    ],
)
def test_a_host_shows_its_own_certificate_or_the_default_one(nginx, host, names):
    assert nginx.web.names(host) == names
    assert nginx.web.status(f"https://{host}/") in (200, 404)


def test_http_2_is_spoken(nginx):
    status, _ = http2.ask(nginx.web, "https://secured.test/", AUTHORITY.client_context())
    assert status == 200


def test_plain_http_is_redirected_with_its_method_path_and_query(nginx):
    reply = nginx.web.ask("http://secured.test/a%20b?c=d", "POST", body=b"x")
    assert (reply.status, reply.headers["Location"]) == (308, "https://secured.test/a%20b?c=d")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/.well-known/acme-challenge/token", 200),
        ("/.well-known/acme-challenges", 308),
        ("/x/.well-known/acme-challenge/token", 308),
    ],
)
def test_only_acme_challenges_are_not_redirected(nginx, path, status):
    assert nginx.web.status(f"http://secured.test{path}") == status


def test_hsts_is_sent_by_https_of_a_host_with_tls_alone(nginx):
    def sent(url):
        return nginx.web.ask(url).headers.get_all("Strict-Transport-Security")

    assert sent("https://secured.test/") == [HSTS]
    assert sent("https://secured.test/?status=500") == [HSTS]
    assert sent("http://secured.test/") is None
    assert sent("https://plain.test/") is None


def test_hsts_of_a_backend_counts_more_and_is_not_doubled(nginx):
    reply = nginx.web.ask("https://secured.test/?header=Strict-Transport-Security:max-age%3D1")
    assert reply.headers.get_all("Strict-Transport-Security") == ["max-age=1"]


def test_the_server_header_says_nginx_and_no_version(nginx):
    assert nginx.web.ask("http://plain.test/").headers["Server"] == "nginx"


def test_access_rules_are_tried_in_order(nginx):
    assert nginx.web.status("http://open.test/") == 200
    assert nginx.web.status("http://closed.test/") == 403


def test_a_path_is_rewritten_before_it_is_passed_on_and_matched_no_more(nginx):
    assert nginx.web.ask("http://rewritten.test/A/c").echo["path"] == "/b/c"
    assert nginx.web.ask("http://rewritten.test/c").echo["path"] == "/c"


def test_a_dollar_in_a_text_stays_a_dollar(nginx):
    assert headers_at(nginx, "http://price.test/")["X-Price"] == "$5"


def test_an_answer_of_our_own_is_plain_text_whatever_the_path(nginx):
    reply = nginx.web.ask("http://other.test/index.html")
    assert reply.headers["Content-Type"] == "text/plain"
    assert nginx.web.ask("http://regex.test/x").body == b"$1 {}"
    assert nginx.web.status("http://gone.test/") == 503


def test_clients_may_come_over_ipv6(nginx):
    web = Web(nginx.http_port, nginx.https_port, "::1")
    assert web.ask("http://plain.test/").echo["headers"]["X-Real-IP"] == "::1"
    assert web.status("https://plain.test/") == 200


def test_the_status_listener_tells_health_and_generation(nginx):
    assert nginx.ask_status("/generation") == "1"
    assert nginx.ask_status("/healthz") == ""


def test_probes_are_answered_on_every_address_and_hear_nothing_else(tmp_path):
    port = free_port()
    with Nginx(tmp_path, {"probe_port": port}) as nginx:
        nginx.serve(models.model())
        probes = Web(port, address="127.0.0.2")
        paths = ("/readyz", "/healthz", "/generation")
        told = [probes.status(f"http://probe.test{path}") for path in paths]
    assert told == [200, 200, 404]


def test_the_status_listener_is_on_loopback_alone(nginx):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", nginx.status_port), timeout=5)
