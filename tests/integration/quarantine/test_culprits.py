"""Promise B behind the last wall: nginx refuses, and only the culprit pays."""

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.waiting import eventually

SLOW = "4242"  # seconds of proxy-read-timeout that the nginx of these tests refuses
POISON, SILENT = f"proxy_read_timeout {SLOW}s", "proxy_read_timeout 4343s"


def shop(path="/", name="shop", timeout=""):
    """An Ingress for a host of its name."""
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", path, name))
    return ingress(rules, name=name, annotations=annotations)


def test_who_nginx_names_by_line_is_served_as_it_last_was(nginx, site):
    nginx.refuses(POISON)
    site.holds(shop("/old"))
    site.holds(shop("/new", timeout=SLOW), shop(name="other"))
    assert site.answers("http://other.test/") == "other"
    assert site.answers("http://shop.test/old") == "shop"
    assert site.answers("http://shop.test/new") == 404
    told = site.problem("refused-by-nginx")
    assert "nginx refuses what this Ingress asks for: this is poison" in told
    assert "its last good version is served" in told


def test_one_without_a_good_version_answers_503_for_its_own_paths(nginx, site):
    nginx.refuses(POISON)
    site.holds(shop("/bad", timeout=SLOW), shop("/good", name="other"))
    assert site.answers("http://other.test/good") == "other"
    assert site.answers("http://shop.test/bad") == 503
    assert "its paths answer 503" in site.problem("refused-by-nginx")


def test_one_that_nginx_refuses_in_any_form_is_left_out(nginx, site):
    nginx.refuses("location /poison/")
    site.holds(shop("/old"))
    site.holds(shop("/poison"), shop(name="other"))
    assert site.answers("http://shop.test/old") == "shop"
    site.holds(shop("/poison", name="new"), shop(name="other"))
    assert site.answers("http://other.test/") == "other"
    assert site.answers("http://new.test/poison") == 404
    eventually(lambda: "it is left out" in site.problem("refused-by-nginx"))


def test_the_mended_culprit_is_served_at_its_next_edit(nginx, site):
    nginx.refuses(POISON)
    site.holds(shop(timeout=SLOW))
    assert site.answers("http://shop.test/") == 503
    site.holds(shop(timeout="60"))
    assert site.answers("http://shop.test/") == "shop"
    eventually(lambda: site.pair.logs("problem.solved"))


def test_a_change_costs_one_nginx_t_and_a_culprit_two_more(nginx, site):
    nginx.refuses(POISON)
    site.holds(shop())
    before = nginx.checks
    site.holds(shop("/other"))
    assert nginx.checks == before + 1
    site.holds(shop("/other", timeout=SLOW))
    assert nginx.checks == before + 4
    site.holds(shop("/other", timeout=SLOW), shop(name="other"))
    assert nginx.checks == before + 5


def test_of_several_at_once_each_is_found(nginx, site):
    nginx.refuses(POISON)
    bad = [shop(name=f"bad{n}", timeout=SLOW) for n in range(5)]
    site.holds(*bad, *(shop(name=f"good{n}") for n in range(5)))
    for n in range(5):
        assert site.answers(f"http://bad{n}.test/") == 503
        assert site.answers(f"http://good{n}.test/") == f"good{n}"


def test_a_line_outside_of_every_location_leads_to_the_ingress_of_its_host(nginx, site):
    nginx.refuses("server_name bad.test")
    site.holds(shop())
    site.holds(shop(name="bad"), shop("/new"))
    assert site.answers("http://shop.test/new") == "shop"
    assert site.answers("http://bad.test/") == 404


@pytest.mark.parametrize("culprits", [("b",), ("a", "e"), ("a", "b", "c", "d", "e", "f")])
def test_without_a_line_they_are_searched_among_what_changed(nginx, site, culprits):
    nginx.refuses(silently=(SILENT,))
    names = "abcdef"
    site.holds(*(shop("/old", name=name) for name in names))
    changed = [shop("/new", name, "4343" if name in culprits else "") for name in names]
    site.holds(*changed, shop("/x", name="last"))

    def answers(name, path):
        return site.answers(f"http://{name}.test{path}")

    for name in names:
        path, other = ("/old", "/new") if name in culprits else ("/new", "/old")
        eventually(lambda p=path, n=name: answers(n, p) == n)
        assert answers(name, other) == 404
    eventually(lambda: answers("last", "/x") == "last")
    told = [line for line in site.pair.logs("problem.found") if line["code"] == "refused-by-nginx"]
    held = {line["object"] for line in told}
    assert held == {f"default/{name}" for name in culprits}


def test_the_search_reloads_nginx_for_nobody(nginx, site):
    nginx.refuses(silently=(SILENT,))
    site.holds(shop())
    before = len(site.pair.logs("reload.applied"))
    site.holds(shop(), shop(name="bad", timeout="4343"), *(shop(name=f"a{n}") for n in range(40)))
    eventually(lambda: site.answers("http://a39.test/") == "a39")
    assert site.answers("http://bad.test/") == 503
    # Without the suspects, with those that were cleared, and with what is served for the culprit.
    assert len(site.pair.logs("reload.applied")) - before <= 3


def test_what_is_held_is_served_once_another_nginx_takes_it(nginx, site):
    nginx.refuses(POISON)
    site.holds(shop(timeout=SLOW))
    assert site.answers("http://shop.test/") == 503
    nginx.refuses()
    nginx.is_another()
    site.holds(shop(timeout=SLOW), shop(name="other"))
    eventually(lambda: site.answers("http://shop.test/") == "shop")
