"""How large a body an Ingress takes, and the most that the admin allows."""

import pytest

from generator.directives import Size
from generator.objects import Name
from generator.problems import Code
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import built, locations

MB = 1 << 20


def taken(asked, most):
    """The limit that is written, and what is told."""
    config = {"kind": "ConfigMap", "metadata": {"name": "pillion"}}
    config["data"] = {"max-proxy-body-size": most} if most else {}
    shop = ingress(rule("shop.test", ("Exact", "/", "web")), annotations={"proxy-body-size": asked})
    found = built(shop, config, config_map=Name("default", "pillion"))
    (limit,) = locations(found)["= /"].handler.statements
    assert limit.name == "client_max_body_size"
    return limit.arguments[0], [p.message for p in found.problems if p.code is Code.LIMIT_EXCEEDED]


@pytest.mark.parametrize("asked", ["0", "64m"])
def test_no_ingress_takes_more_than_the_admin_allows_and_it_is_told(asked):
    wanted = {"0": "No limit", "64m": "64m"}[asked]
    told = f"{wanted} is more than the admin allows: 8m (max-proxy-body-size)."
    assert taken(asked, "8m") == (Size(8 * MB), [told])


@pytest.mark.parametrize("most", ["", "0", "64m"])
def test_what_is_allowed_holds_as_it_is(most):
    assert taken("8m", most) == (Size(8 * MB), [])


def test_without_the_admins_word_there_may_be_no_limit_as_in_ingress_nginx():
    assert taken("0", "") == (Size(0), [])
