"""Headers of answers that an Ingress sets, on a real nginx."""

from generator.objects import Name
from tests.drivers.ingresses import ingress, rule

FOO = "https://foo.test/"
OPTIONS = "options"


def config_map(name, **data):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {key.replace("_", "-"): value for key, value in data.items()},
    }


def served(site, **headers):
    site.holds(
        ingress(
            rule("foo.test", ("Prefix", "/", "echo")),
            annotations={"custom-headers": "headers"},
            tls=[{"hosts": ["foo.test"]}],
        ),
        config_map("headers", **headers),
        config_map(
            OPTIONS,
            global_allowed_response_headers="X-Frame-Options,X-Other",
            hide_headers="X-Powered-By",
        ),
    )


def test_they_replace_those_of_the_backend_and_no_other_header_is_lost(fresh_site):
    with fresh_site(f"--configmap={Name('default', OPTIONS)}") as site:
        served(site, X_Frame_Options="DENY $host")
        url = f"{FOO}?header=X-Frame-Options:ALLOW&header=X-Powered-By:php&header=X-Mine:1"
        headers = site.web.ask(url).headers
        assert headers.get_all("X-Frame-Options") == ["DENY $host"]
        assert headers["Strict-Transport-Security"]
        assert (headers["X-Mine"], headers["X-Powered-By"]) == ("1", None)
        served(site, X_Frame_Options="SAMEORIGIN", X_Other="2")
        assert site.web.ask(url).headers["X-Frame-Options"] == "SAMEORIGIN"
        served(site, Set_Cookie="a=b")
        assert site.web.status(FOO) == 503
