"""What clients send to be taken for others, or to be heard where they are not meant to."""

import json
import socket
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.drivers import eager_backend, fastcgi, http2
from tests.drivers.ingresses import backend, ingress, rule
from tests.drivers.web import ANY_CERTIFICATE
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, service

SPOOFED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Real-IP": "6.6.6.6",
    "X-Scheme": "https",
}
CLAIMED = {"6.6.6.6", "evil.test", "666", "https"}
CLEARED = [
    *("Forwarded", "Front-End-Https", "X-Client-IP", "X-Cluster-Client-IP", "X-Url-Scheme"),
    *("X-Forwarded-Prefix", "X-Forwarded-Protocol", "X-Forwarded-Server", "X-Forwarded-Ssl"),
    *("X-Forwarded-Method", "X-Forwarded-Path", "X-Forwarded-Uri"),
    *("X-Original-Method", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL"),
    *("ssl-client-cert", "ssl-client-issuer-dn", "ssl-client-subject-dn", "ssl-client-verify"),
    *("X-Auth-Request-Access-Token", "X-Auth-Request-Email", "X-Auth-Request-Groups"),
    *("X-Auth-Request-Preferred-Username", "X-Auth-Request-User", "X-WebAuth-User"),
    *("Remote-Email", "Remote-Groups", "Remote-Name", "Remote-User", "X-Remote-User"),
    *("X-Forwarded-Access-Token", "X-Forwarded-Email", "X-Forwarded-Groups"),
    *("X-Forwarded-Preferred-Username", "X-Forwarded-User", "HTTP2-Settings", "Proxy"),
]


@pytest.fixture(scope="module")
def site(site_of_its_own):
    with fastcgi.responder() as port, eager_backend.upgrading() as eager:
        site_of_its_own.holds(
            ingress(rule("foo.test", ("Prefix", "/", "victim"))),
            ingress(
                rule("php.test", ("Prefix", "/", "php")),
                name="php",
                annotations={"backend-protocol": "FCGI"},
            ),
            ingress(rule("eager.test", ("Prefix", "/", "eager")), name="eager"),
            service("eager"),
            endpoint_slice("eager", Backend("eager", "127.0.0.1", eager)),
            service("php"),
            endpoint_slice("php", Backend("php", "127.0.0.1", port)),
        )
        yield site_of_its_own


def said(site, raw: bytes) -> bytes:
    """The answer to these bytes, up to the end of the connection.

    Our side stays open: nginx gives up a request whose client has closed its half.
    """
    with socket.create_connection(("127.0.0.1", site.pair.http_port), timeout=5) as wire:
        wire.sendall(raw)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_what_a_client_says_of_itself_is_not_passed_on(site):
    headers = site.web.ask("http://foo.test/", headers=SPOOFED).echo["headers"]
    assert {headers[name] for name in SPOOFED}.isdisjoint(CLAIMED)
    assert headers["X-Original-Forwarded-For"] == "6.6.6.6"


def test_nor_is_it_to_a_fastcgi_backend(site):
    told = site.web.ask("http://php.test/", headers=SPOOFED).echo
    names = ["HTTP_" + name.upper().replace("-", "_") for name in SPOOFED]
    assert {told[name] for name in names}.isdisjoint(CLAIMED)


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(site):
    headers = site.web.ask("http://foo.test/", headers={"X_Real_IP": "6.6.6.6"}).echo["headers"]
    assert "6.6.6.6" not in headers.values()


def test_what_only_a_proxy_can_know_is_not_passed_on(site):
    told = site.web.ask("http://foo.test/", headers=dict.fromkeys(CLEARED, "claim")).echo
    assert {name.lower() for name in CLEARED}.isdisjoint(n.lower() for n in told["headers"])
    assert "claim" not in told["headers"].values()


def test_nor_is_a_fastcgi_backend_told_that_it_was_said(site):
    told = site.web.ask("http://php.test/", headers=dict.fromkeys(CLEARED, "claim")).echo
    assert {"HTTP_" + name.upper().replace("-", "_") for name in CLEARED}.isdisjoint(told)


OFFERS = [
    *("h2c", "websocket, h2c", "h2c, websocket", "websocket,h2c"),
    *("h2", "TLS/1.0", "TLS/1.2", "x"),
]


@pytest.mark.parametrize("offer", OFFERS)
def test_a_connection_changes_to_nothing_that_goes_past_the_rules(offer, site):
    head = "GET / HTTP/1.1\r\nHost: eager.test\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
    more = f"Upgrade: {offer}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    answer = said(site, (head + more).encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"http2-settings" not in answer
    assert b"upgrade" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("case", ["websocket", "WebSocket"])
def test_a_connection_changes_to_websocket(case, site):
    head = f"GET / HTTP/1.1\r\nHost: eager.test\r\nConnection: Upgrade\r\nUpgrade: {case}\r\n\r\n"
    assert b"HEARD frames" in said(site, head.encode() + b"frames")


def test_websockets_work(site):
    with connect("ws://foo.test/", sock=site.web.connect("http://foo.test/")) as socket:
        socket.send("hello")
        assert socket.recv() == "hello"


SMUGGLED = [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b",
    b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: +4\r\n\r\nabcd",
    b"Content-Length : 4\r\n\r\nabcd",
    b"Host: bar.test\r\n\r\n",
]


@pytest.mark.parametrize("rest", SMUGGLED)
def test_a_request_that_two_programs_could_read_in_two_ways_is_refused(rest, site):
    seen = len(site.backend("victim").seen)
    answer = said(site, b"POST /a HTTP/1.1\r\nHost: foo.test\r\n" + rest)
    assert answer.split()[1] in {b"400", b"501"}
    assert len(site.backend("victim").seen) == seen


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("foo.test:1", b"200"),
        ("FOO.TEST.", b"200"),
        ("foo.test@evil.test", b"400"),
        ("foo.test/../evil", b"400"),
        ("foo.test evil", b"400"),
        ("evil.test", b"404"),
        ("", b"400"),
        ("_", b"404"),
        ("~^foo", b"400"),
    ],
)
def test_a_host_leads_to_its_own_rules_or_to_nobodys(host, status, site):
    answer = said(site, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] == status


def test_where_a_request_line_names_a_host_that_one_counts(site):
    raw = b"GET http://evil.test/ HTTP/1.1\r\nHost: foo.test\r\nConnection: close\r\n\r\n"
    assert said(site, raw).split()[1] == b"404"


OTHERS = ["evil.test", "evil.test:80", "foo.test.evil.test", "xfoo.test:1", "php.test"]


def hosts_told(raw, site):
    answer = said(site, raw + b"Connection: close\r\n\r\n")
    headers = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
    return headers["Host"], headers["X-Forwarded-Host"]


@pytest.mark.parametrize("own", OTHERS)
def test_a_backend_is_told_the_host_whose_rules_were_asked(own, site):
    raw = f"GET http://foo.test/ HTTP/1.1\r\nHost: {own}\r\n".encode()
    assert hosts_told(raw, site) == ("foo.test", "foo.test")


@pytest.mark.parametrize(
    ("target", "own", "told"),
    [
        ("/", "foo.test:8080", "foo.test:8080"),
        ("/", "FOO.test.:8080", "foo.test:8080"),
        ("http://foo.test:8080/", "foo.test:8080", "foo.test:8080"),
        ("/", "foo.test", "foo.test"),
        ("/", "FOO.test", "foo.test"),
    ],
)
def test_a_backend_is_told_the_port_that_the_client_asked_for(target, own, told, site):
    raw = f"GET {target} HTTP/1.1\r\nHost: {own}\r\n".encode()
    assert hosts_told(raw, site) == (told, told)


def test_over_http_2_a_host_beside_the_authority_tells_the_backend_nothing(site):
    status, body = http2.ask(
        site.web, "https://foo.test/", ANY_CERTIFICATE, headers={"host": "evil.test"}
    )
    assert status == 400 or json.loads(body)["headers"]["Host"] == "foo.test"


def test_status_is_told_on_loopback_alone(site):
    listening = [
        fields[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    ]
    port = f"{site.pair.status_port:04X}"
    assert [a.split(":")[0] for a in listening if a.endswith(f":{port}")] == ["0100007F"]


def test_a_client_cannot_write_a_line_of_the_log(site):
    forged = '"}\n{"event":"config.applied","generation":666}'
    site.web.ask("http://foo.test/", headers={"User-Agent": forged.replace("\n", "\x01")})
    said(
        site, b'GET /\x01" HTTP/1.1\r\nHost: foo.test\r\nConnection: close\r\nReferer: a"}{\r\n\r\n'
    )
    site.holds(
        ingress(rule("foo.test", ("Prefix", "/", "victim")), defaultBackend=backend("victim"))
    )
    lines = site.pair.log.read_text().splitlines()
    assert 666 not in [json.loads(line).get("generation") for line in lines if line[:1] == "{"]


def test_a_name_in_the_cluster_cannot_write_a_line_of_the_log(site):
    odd = ingress(rule("foo.test", ("Prefix", "/", "victim")), name='x"}\n{"event":"forged"}')
    odd["metadata"]["annotations"]['nginx.ingress.kubernetes.io/x\n{"event":"forged"}'] = "\n{}"
    site.holds(odd, ingress(rule("foo.test", ("Prefix", "/", "victim"))))
    assert site.pair.logs("problem.found")
    assert not site.pair.logs("forged")
