"""Which TLS section is a host's."""

import pytest

from generator.translation import Memo, translate
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
