"""Global options of a ConfigMap, live, on a real nginx."""

import socket

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.waiting import eventually

FOO = "http://foo.test/"
SECURE = "https://secure.test/"
BIG = b"x" * (2 << 20)


@pytest.fixture(scope="module")
def site(fresh_site):
    """A pair that reads its options from default/options, with a default backend of its own."""
    flags = ("--configmap=default/options", "--default-backend-service=default/errors")
    with fresh_site(*flags) as site:
        yield site


def served(site, *more, **options):
    data = {name.replace("_", "-"): text for name, text in options.items()}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "options"},
        "data": data,
    }
    secure = ingress(
        rule("secure.test", ("Prefix", "/", "echo")),
        name="secure",
        tls=[{"hosts": ["secure.test"]}],
    )
    plain = ingress(rule("foo.test", ("Prefix", "/", "echo")))
    site.holds(plain, secure, config_map, *more, *site.published("errors"), *site.published("echo"))


def test_a_change_is_served_without_a_restart_and_a_wrong_key_costs_itself(site):
    served(site)
    assert site.web.ask(FOO, "POST", body=BIG).status == 413
    served(site, proxy_body_size="8m", keep_alive="seldom")
    assert site.web.ask(FOO, "POST", body=BIG).status == 200
    assert "seldom" in site.problem("option-invalid")
    served(site)
    assert site.web.ask(FOO, "POST", body=BIG).status == 413


def test_hsts_can_be_turned_off(site):
    served(site)
    assert site.web.ask(SECURE).headers["Strict-Transport-Security"]
    served(site, hsts="false")
    assert site.web.ask(SECURE).headers["Strict-Transport-Security"] is None


def test_what_is_in_front_is_believed_only_where_the_admin_says_so(site):
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    served(site)
    assert site.web.ask("http://secure.test/", headers=said).status == 308
    assert site.web.ask(FOO, headers=said).echo["headers"]["X-Real-IP"] == "127.0.0.1"
    served(site, use_forwarded_headers="true")
    headers = site.web.ask("http://secure.test/", headers=said).echo["headers"]
    assert headers["X-Real-IP"] == headers["X-Forwarded-For"] == "203.0.113.9"
    assert (headers["X-Forwarded-Proto"], headers["X-Scheme"]) == ("https", "https")
    served(site, use_forwarded_headers="true", proxy_real_ip_cidr="192.0.2.0/24")
    headers = site.web.ask(FOO, headers=said).echo["headers"]
    assert (headers["X-Real-IP"], headers["X-Forwarded-Proto"]) == ("127.0.0.1", "http")


def test_the_format_of_the_access_log_is_the_admins(site):
    served(site, log_format_upstream="MINE $namespace $ingress_name $service_name $req_id")
    assert site.answers(FOO) == "echo"
    eventually(lambda: "MINE default shop echo" in site.pair.log.read_text())


def test_errors_are_answered_by_the_default_backend_which_is_told_of_them(site):
    served(site, custom_http_errors="404,503")
    reply = site.web.ask(f"{FOO}a/b?status=503")
    assert reply.echo["backend"] == "errors"
    headers = reply.echo["headers"]
    assert (headers["X-Code"], headers["X-Original-URI"]) == ("503", "/a/b?status=503")
    assert (headers["X-Namespace"], headers["X-Ingress-Name"]) == ("default", "shop")
    assert (headers["X-Service-Name"], headers["X-Service-Port"]) == ("echo", "http")
    assert site.web.ask(f"{FOO}?status=500").status == 500


def test_answers_are_compressed_where_the_admin_says_so(site):
    compressed = {"Accept-Encoding": "gzip"}
    served(site)
    assert site.web.ask(FOO, headers=compressed).headers["Content-Encoding"] is None
    served(site, use_gzip="true", gzip_min_length="1", gzip_types="*")
    assert site.web.ask(FOO, headers=compressed).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("option", "header"),
    [
        ({"block_user_agents": "curl/8.0, ~*evil"}, {"User-Agent": "An EVIL one"}),
        ({"block_referers": "~^http://spam[.]"}, {"Referer": "http://spam.test/"}),
    ],
)
def test_blocked_headers_are_answered_403_on_every_host_before_any_redirect(site, option, header):
    served(site, **option)
    for url in (FOO, "http://secure.test/", "http://nobody.test/"):
        assert site.web.ask(url, headers=header).status == 403
        assert site.web.ask(url).status != 403


def test_networks_of_the_admin_are_refused_and_an_ingress_may_say_otherwise(site):
    served(site, block_cidrs="127.0.0.0/8")
    assert site.web.ask(FOO).status == 403
    served(site, denylist_source_range="127.0.0.1")
    assert site.web.ask(FOO).status == 403
    served(site, whitelist_source_range="10.0.0.0/8")
    assert site.web.ask(FOO).status == 403
    own = {"whitelist-source-range": "127.0.0.0/8"}
    open_ = ingress(rule("open.test", ("Prefix", "/", "echo")), name="open", annotations=own)
    served(site, open_, whitelist_source_range="10.0.0.0/8")
    assert site.web.ask("http://open.test/").status == 200


def test_some_paths_are_not_logged_and_others_never_redirected(site):
    served(site, skip_access_log_urls="/quiet,/a b", no_tls_redirect_locations="/health")
    for path in ("/quiet", "/a%20b", "/loud"):
        site.web.ask(f"http://foo.test{path}")
    assert site.web.ask("http://secure.test/health/live").status == 200
    assert site.web.ask("http://secure.test/healthy").status == 308
    logged = eventually(lambda: _logged(site, "/healthy"))
    assert "/loud" in logged
    assert not {"/quiet", "/a%20b"} & logged


def _logged(site, last):
    uris = {line["uri"] for line in site.pair.logs("request.served")}
    return uris if last in uris else None


def test_ids_and_headers_pass_as_the_admin_says(site):
    served(site, generate_request_id="false", hide_headers="Content-Type")
    answer = site.web.ask(FOO, headers={"X-Request-ID": ""})
    assert "X-Request-ID" not in answer.echo["headers"]
    assert answer.headers["Content-Type"] is None
    assert site.web.ask(FOO, headers={"X-Request-ID": "7"}).echo["headers"]["X-Request-ID"] == "7"


def test_clients_come_by_the_proxy_protocol_and_networks_of_trust_count(site):
    served(site, use_proxy_protocol="true")
    assert '"X-Real-IP": "203.0.113.9"' in _proxied(site, "foo.test")
    assert _without_proxy_protocol(site) == b""
    served(site, use_proxy_protocol="true", proxy_real_ip_cidr="192.0.2.0/24")
    assert '"X-Real-IP": "127.0.0.1"' in _proxied(site, "foo.test")
    served(site)
    assert site.web.ask(FOO).status == 200


def test_the_address_alone_is_believed_where_only_that_is_asked_for(site):
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    served(site, enable_real_ip="true")
    seen = site.web.ask(FOO, headers=said).echo["headers"]
    assert (seen["X-Real-IP"], seen["X-Forwarded-Proto"]) == ("203.0.113.9", "http")


def _proxied(site, host):
    head = f"PROXY TCP4 203.0.113.9 192.0.2.1 5000 80\r\n{_request(host)}"
    return _exchange(site, head).decode()


def _without_proxy_protocol(site):
    return _exchange(site, _request("foo.test"))


def _request(host):
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def _exchange(site, head):
    with socket.create_connection(("127.0.0.1", site.pair.http_port), timeout=10) as connection:
        connection.sendall(head.encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received
