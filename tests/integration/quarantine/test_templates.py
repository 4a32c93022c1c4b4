"""A broken template is told from a broken Ingress, at a cold start too."""

import json

import pytest

from generator.nginx.template_files import built_in
from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import Pair
from tests.lab.objects import endpoint_slice, service
from tests.lab.waiting import eventually

POISON = "proxy_read_timeout 4242s"
HTTP = built_in().templates["http.j2"].text
GOOD, BROKEN = HTTP + "# mine\n", HTTP + "broken_directive;\n"


def shop(name, timeout=""):
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", "/", "shop"))
    return ingress(rules, name=name, annotations=annotations)


@pytest.fixture
def start(nginx, backend, tmp_path):
    """Starts a pair at once with a template and two shops, one of which nginx refuses."""
    started = []

    def of(template):
        nginx.refuses(POISON)
        manifests, templates = tmp_path / "manifests", tmp_path / "templates"
        for folder in (manifests, templates):
            folder.mkdir()
        things = [shop("good"), shop("bad", "4242"), service("shop")]
        things.append(endpoint_slice("shop", backend))
        (manifests / "all.yaml").write_text("\n---\n".join(map(json.dumps, things)))
        (templates / "http.j2").write_text(template)
        flags = [
            f"--manifests={manifests}",
            f"--template-dir={templates}",
            f"--nginx-bin={nginx.program}",
        ]
        pair = Pair(tmp_path / "pair", flags)
        pair.start()
        started.append(pair)
        return pair

    yield of
    for pair in started:
        pair.kill()


def live(pair):
    return (pair.volume / "live" / "nginx.conf").read_text()


def test_a_good_template_is_used_although_an_ingress_is_bad(start):
    pair = start(GOOD)
    eventually(lambda: "# mine" in live(pair) and "server_name bad.test" in live(pair))
    eventually(lambda: pair.get("bad.test").status == 503)
    assert pair.get("good.test").status == 200
    assert not pair.logs("templates.refused")


def test_a_broken_template_and_a_bad_ingress_are_both_told_and_neither_costs_the_good(start):
    pair = start(BROKEN)
    eventually(lambda: pair.get("good.test").status == 200)
    eventually(lambda: pair.get("bad.test").status == 503)
    (told,) = eventually(lambda: pair.logs("templates.refused"))
    assert "broken_directive" in told["message"]
    codes = [line["code"] for line in pair.logs("problem.found")]
    assert codes.count("refused-by-nginx") == 1
    (pair.folder.parent / "templates" / "http.j2").write_text(GOOD)
    eventually(lambda: "# mine" in live(pair))
