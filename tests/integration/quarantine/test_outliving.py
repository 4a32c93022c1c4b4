"""Quarantine at a cold start, over restarts, and beside what is nobody's fault."""

import json
import signal
import time

import pytest

from reloader.contract import Volume
from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import Pair
from tests.lab.objects import endpoint_slice, service, tls_secret
from tests.lab.pki import Authority
from tests.lab.waiting import eventually

AUTHORITY = Authority()
POISON = "proxy_read_timeout 4242s"
REFUSED = "refused-by-nginx"
ONLY_CHECKED = "return 200 0;"
"""What only a configuration has that is never served: its generation."""


def shop(name="shop", path="/", timeout="", **spec):
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", path, "shop"))
    return ingress(rules, name=name, annotations=annotations, **spec)


def test_five_culprits_of_three_hundred_do_not_hold_up_a_cold_start(nginx, backend, tmp_path):
    nginx.refuses(POISON)
    names = [f"shop-{n}" for n in range(300)]
    bad = names[10::60]
    things = [shop(name, timeout="4242" if name in bad else "") for name in names]
    folder = tmp_path / "manifests"
    folder.mkdir()
    whole = [*things, service("shop"), endpoint_slice("shop", backend)]
    (folder / "all.yaml").write_text("\n---\n".join(map(json.dumps, whole)))
    pair = Pair(tmp_path / "pair", [f"--manifests={folder}", f"--nginx-bin={nginx.program}"])
    pair.start()
    try:
        began = time.monotonic()

        def serves(name, status=200):
            assert pair.get(f"{name}.test").status == status
            return True

        for name in names:
            left_s = began + 10 - time.monotonic()
            status = 503 if name in bad else 200
            eventually(lambda n=name, s=status: serves(n, s), within_s=max(left_s, 0.1))
        assert nginx.checks == 2 * len(bad) + 1
    finally:
        pair.kill()


@pytest.mark.parametrize("name", ["generator", "reloader", "nginx"])
def test_quarantine_and_last_good_version_outlive_a_killed_process(nginx, site, name):
    nginx.refuses(POISON)
    site.holds(shop(path="/old"))
    site.holds(shop(path="/new", timeout="4242"))
    checks = nginx.checks
    killed = site.pair.process(name)
    killed.send_signal(signal.SIGKILL)
    eventually(lambda: site.pair.process(name).pid != killed.pid)
    site.holds(shop(path="/new", timeout="4242"), shop("other"))
    assert site.answers("http://shop.test/old") == "shop"
    assert nginx.checks == checks + 1
    site.holds(shop(path="/new"), shop("other"))
    assert site.answers("http://shop.test/new") == "shop"


def test_a_broken_secret_keeps_its_certificate_over_a_restart_of_the_generator(site):
    tls = [{"hosts": ["shop.test"], "secretName": "tls"}]
    pair = AUTHORITY.issue("shop.test", "www.shop.test")
    site.holds(shop(tls=tls), tls_secret("tls", pair))
    known = Volume(site.pair.volume).wish.with_name("known.json")
    eventually(lambda: json.loads(known.read_bytes())["certificates"])
    broken = tls_secret("tls", pair)
    broken["stringData"]["tls.crt"] = "broken"
    site.holds(shop(tls=tls), broken)
    assert "www.shop.test" in site.web.names("shop.test")
    assert "https answers with the last good certificate" in site.problem("certificate-invalid")
    site.pair.process("generator").send_signal(signal.SIGKILL)
    eventually(lambda: len(site.pair.logs("generator.started")) == 2)
    site.holds(shop(tls=tls), broken, shop("other"))
    assert "www.shop.test" in site.web.names("shop.test")


def test_a_deleted_secret_loses_its_certificate(site):
    tls = [{"hosts": ["shop.test"], "secretName": "tls"}]
    site.holds(shop(tls=tls), tls_secret("tls", AUTHORITY.issue("shop.test")))
    assert site.web.names("shop.test") == ["shop.test"]
    site.holds(shop(tls=tls))
    assert site.web.names("shop.test") == ["ingress.local"]


def test_a_certificate_that_nginx_refuses_costs_its_secret_alone(nginx, site):
    tls = [{"hosts": ["shop.test"], "secretName": "tls"}]
    site.holds(shop(tls=tls), tls_secret("tls", AUTHORITY.issue("shop.test", "old.test")))
    before = {path.name for path in Volume(site.pair.volume).files.iterdir()}
    nginx.refuses_files_but(before)
    site.holds(
        shop(path="/new", tls=tls), tls_secret("tls", AUTHORITY.issue("shop.test", "new.test"))
    )
    assert site.answers("https://shop.test/new") == "shop"
    assert "old.test" in site.web.names("shop.test")
    assert "nginx refuses the certificate of Secret" in site.problem("certificate-invalid")
    assert not [p for p in site.pair.logs() if p.get("code") == "refused-by-nginx"]


def test_a_file_that_is_damaged_before_nginx_reads_it_is_written_anew(nginx, site):
    tls = [{"hosts": ["shop.test"], "secretName": "tls"}]
    site.holds(shop(tls=tls), tls_secret("tls", AUTHORITY.issue("shop.test", "old.test")))
    nginx.damages_files_but(path.name for path in Volume(site.pair.volume).files.iterdir())
    site.holds(shop(tls=tls), tls_secret("tls", AUTHORITY.issue("shop.test", "new.test")))
    assert "new.test" in site.web.names("shop.test")
    (failed,) = site.pair.logs("config.failed")
    assert "cannot load certificate" in failed["message"]
    assert not [p for p in site.pair.logs() if p.get("code") == "certificate-invalid"]


def test_a_reload_that_fails_blames_nobody_and_is_tried_again(site):
    site.holds(shop())
    master = site.pair.process("nginx")
    master.send_signal(signal.SIGSTOP)
    try:
        new = json.dumps(shop("new"))
        (site.folder / "new.yaml").write_text(new)
        eventually(lambda: site.pair.logs("config.failed"), within_s=20)
    finally:
        master.send_signal(signal.SIGCONT)
    eventually(lambda: site.answers("http://new.test/") == "shop", within_s=20)
    codes = {line.get("code") for line in site.pair.logs("problem.found")}
    assert "refused-by-nginx" not in codes
    assert not site.pair.logs("config.bisecting")


def test_a_check_that_is_killed_holds_nobody_and_all_are_served_once_it_is_not(nginx, site):
    site.holds(shop())
    nginx.is_killed_at("server_name new-1.test")
    new = [shop(f"new-{n}") for n in range(3)]
    (site.folder / "new.yaml").write_text("\n---\n".join(map(json.dumps, new)))
    eventually(lambda: len(site.pair.logs("config.failed")) >= 2)
    nginx.is_killed_no_more()
    for n in range(3):
        eventually(lambda n=n: site.answers(f"http://new-{n}.test/") == "shop")
    codes = {line.get("code") for line in site.pair.logs("problem.found")}
    assert "refused-by-nginx" not in codes
    assert not site.pair.logs("config.bisecting")


def test_a_new_nginx_is_ready_once_it_serves_all_that_is_innocent(nginx, backend, tmp_path):
    nginx.refuses(silently=(POISON,))
    names = [f"shop-{n}" for n in range(40)]
    things = [*map(shop, names), shop("bad", timeout="4242")]
    folder = tmp_path / "manifests"
    folder.mkdir()
    whole = [*things, service("shop"), endpoint_slice("shop", backend)]
    (folder / "all.yaml").write_text("\n---\n".join(map(json.dumps, whole)))
    with Pair(tmp_path / "pair", [f"--manifests={folder}", f"--nginx-bin={nginx.program}"]) as pair:
        assert [pair.get(f"{name}.test").status for name in names] == [200] * 40
        assert pair.get("bad.test").status == 503
        assert len(pair.logs("reload.applied")) > 1  # it served fewer before, and was not ready


@pytest.mark.parametrize("name", ["generator", "reloader", "nginx"])
def test_a_search_comes_to_its_end_whoever_is_killed_in_it(nginx, site, name):
    nginx.refuses(silently=(POISON,))
    site.holds(shop())
    names = [f"new-{n}" for n in range(64)]
    things = [*map(shop, names), shop("bad", timeout="4242")]
    (site.folder / "new.yaml").write_text("\n---\n".join(map(json.dumps, things)))
    eventually(Volume(site.pair.volume).check.exists, every_s=0.001)
    site.pair.process(name).send_signal(signal.SIGKILL)
    for each in names:
        eventually(lambda each=each: site.answers(f"http://{each}.test/") == "shop")
    assert site.answers("http://bad.test/") == 503
    assert site.answers("http://shop.test/") == "shop"
    refused = {line["object"] for line in site.pair.logs() if line.get("code") == REFUSED}
    assert len(refused) == 1
    assert "bad" in str(refused)


def test_what_comes_during_a_search_that_cannot_be_made_is_served(nginx, site):
    nginx.refuses(silently=(POISON,))
    site.holds(shop())
    nginx.is_killed_at(ONLY_CHECKED)
    bad = [shop(f"bad-{n}", timeout="4242") for n in range(2)]
    (site.folder / "bad.yaml").write_text("\n---\n".join(map(json.dumps, [*bad, shop("good")])))
    eventually(lambda: site.pair.logs("nginx.check_blocked"))
    (site.folder / "new.yaml").write_text(json.dumps(shop("new")))
    eventually(lambda: site.answers("http://new.test/") == "shop", within_s=20)
    assert site.answers("http://good.test/") == 404
    nginx.is_killed_no_more()
    eventually(lambda: site.answers("http://good.test/") == "shop", within_s=20)
    eventually(lambda: [site.answers(f"http://bad-{n}.test/") for n in range(2)] == [503, 503])
