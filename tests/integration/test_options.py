"""Global options of a ConfigMap, live, on a real nginx."""

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


def served(site, **options):
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
    site.holds(plain, secure, config_map, *site.published("errors"), *site.published("echo"))


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
