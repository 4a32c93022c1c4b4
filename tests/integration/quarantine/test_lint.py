"""`pillion lint` finds what a cluster would tell, where there is an nginx to ask."""

import json
import subprocess

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import COMMAND
from tests.lab.objects import endpoint_slice, service

POISON, SILENT = "proxy_read_timeout 4242s", "proxy_read_timeout 4343s"


def shop(name, timeout=""):
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", "/", "shop"))
    return ingress(rules, name=name, annotations=annotations)


@pytest.fixture
def lint(nginx, backend, tmp_path):
    """The findings about these Ingresses: object, code, line."""

    def of(*ingresses):
        things = [*ingresses, service("shop"), endpoint_slice("shop", backend)]
        manifest = tmp_path / "all.yaml"
        manifest.write_text("\n---\n".join(map(json.dumps, things)))
        flags = [f"--manifests={manifest}", f"--nginx-bin={nginx.program}", "--output=json"]
        ended = subprocess.run([COMMAND, "lint", *flags], capture_output=True, check=False)
        found = json.loads(ended.stdout)
        assert ended.returncode == bool(found), ended.stderr
        return [(finding["name"], finding["code"], finding["line"]) for finding in found]

    return of


def test_who_nginx_refuses_is_named_with_the_line_of_the_manifest(nginx, lint):
    nginx.refuses(POISON, silently=(SILENT,))
    found = lint(shop("a"), shop("b", "4242"), shop("c"), shop("d", "4343"))
    assert found == [("b", "refused-by-nginx", 3), ("d", "refused-by-nginx", 7)]


def test_nginx_is_asked_once_where_nothing_is_wrong(nginx, lint):
    assert lint(shop("a"), shop("b")) == []
    assert nginx.checks == 1
