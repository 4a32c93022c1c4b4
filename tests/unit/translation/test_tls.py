"""Which TLS section is a host's."""

import datetime as dt

import pytest

from generator.objects import Name
from generator.problems import Code
from generator.translation import Memo, out_of_date, translate
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import options, published, server, snapshot
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

WIDE, OWN = Authority().issue("*.shop.test"), Authority().issue("a.shop.test")


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ([{"hosts": ["*.shop.test"], "secretName": "wide"}], WIDE),
        (
            [
                {"hosts": ["*.shop.test"], "secretName": "wide"},
                {"hosts": ["A.shop.test"], "secretName": "own"},
            ],
            OWN,
        ),
        ([{"hosts": ["x.test"], "secretName": "own"}, {"secretName": "wide"}], WIDE),
        # Of certificates that are for it, that of the first section.
        (
            [
                {"hosts": ["x.test"], "secretName": "wide"},
                {"hosts": ["y.test"], "secretName": "own"},
            ],
            WIDE,
        ),
        (
            [
                {"hosts": ["x.test"], "secretName": "own"},
                {"hosts": ["y.test"], "secretName": "wide"},
            ],
            OWN,
        ),
    ],
)
def test_a_host_has_the_section_that_names_it_best(sections, expected):
    shop = ingress(rule("a.shop.test", ("Prefix", "/", "web")), tls=sections)
    secrets = [tls_secret("wide", WIDE), tls_secret("own", OWN)]
    found = translate(snapshot(shop, *secrets, *published("web")), options(), Memo())
    content = server(found, "a.shop.test").certificate.file.content
    assert content.startswith(expected.certificate.strip().encode())


def told_at(days, found):
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    return [(p.field, p.code, p.message) for p in out_of_date(found.dated, now)]


def test_a_certificate_out_of_date_is_told_by_the_clock_of_who_asks():
    tls = [{"hosts": ["a.shop.test"], "secretName": "own"}, {"secretName": "not-served"}]
    shop = ingress(rule("a.shop.test", ("Prefix", "/", "web")), tls=tls)
    found = translate(snapshot(shop, tls_secret("own", OWN), *published("web")), options(), Memo())
    assert told_at(0, found) == []
    (expired,), (early,) = told_at(31, found), told_at(-3, found)
    assert expired[:2] == ("spec.tls[0].secretName", Code.CERTIFICATE_EXPIRED)
    assert expired[2].startswith("The certificate in Secret default/own expired at 2")
    assert early[1] is Code.CERTIFICATE_NOT_YET_VALID


def test_so_is_the_default_certificate():
    name = Name("default", "own")
    found = translate(snapshot(tls_secret("own", OWN)), options(default_certificate=name), Memo())
    assert [told[0] for told in told_at(31, found)] == ["--default-ssl-certificate"]
