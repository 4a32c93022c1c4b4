"""How often a client may ask, on a real nginx."""

from collections import Counter

from tests.drivers.ingresses import ingress, rule


def limited(host, **annotations):
    given = {name.replace("_", "-"): text for name, text in annotations.items()}
    name = host.partition(".")[0]
    return ingress(rule(host, ("Prefix", "/", "echo")), name=name, annotations=given)


def statuses(site, host, times=12):
    return Counter(site.web.status(f"http://{host}/") for _ in range(times))


def test_what_goes_beyond_the_burst_is_answered_503_and_other_ingresses_count_apart(site):
    slow = {"limit_rpm": "1", "limit_burst_multiplier": "3"}
    site.holds(limited("a.test", **slow), limited("b.test", **slow), limited("c.test"))
    assert statuses(site, "a.test") == {200: 4, 503: 8}
    assert statuses(site, "b.test") == {200: 4, 503: 8}
    assert statuses(site, "c.test") == {200: 12}


def test_listed_networks_are_free_and_an_edit_of_the_list_is_served_at_once(site):
    slow = {"limit_rpm": "1", "limit_burst_multiplier": "3"}
    site.holds(limited("d.test", limit_allowlist="192.0.2.0/24", **slow))
    assert statuses(site, "d.test") == {200: 4, 503: 8}
    site.holds(limited("d.test", limit_allowlist="127.0.0.0/8", **slow))
    assert statuses(site, "d.test") == {200: 12}


def test_an_edited_rate_reloads(site):
    site.holds(limited("e.test", limit_rpm="1", limit_burst_multiplier="1"))
    site.holds(limited("e.test", limit_rpm="6000", limit_burst_multiplier="10"))
    assert statuses(site, "e.test") == {200: 12}
