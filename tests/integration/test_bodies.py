"""Bodies of requests: any allowed size arrives whole, a larger one is refused."""

import hashlib

import pytest

from tests.drivers.ingresses import ingress, rule

MIB = 1 << 20
URL = "http://foo.test/"


def _site(site, **annotations):
    given = {name.replace("_", "-"): value for name, value in annotations.items()}
    site.holds(ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations=given))


@pytest.mark.parametrize(("size", "status"), [(0, 200), (1, 200), (MIB, 200), (MIB + 1, 413)])
def test_a_body_may_have_one_mebibyte_by_default(size, status, site):
    _site(site)
    reply = site.web.ask(URL, "POST", body=b"x" * size)
    assert reply.status == status
    if status == 200:
        assert reply.echo["body_length"] == size


@pytest.mark.parametrize(("size", "status"), [(3 << 10, 200), ((3 << 10) + 1, 413)])
def test_proxy_body_size_is_exact_to_the_byte(size, status, site):
    _site(site, proxy_body_size="3k")
    assert site.web.ask(URL, "PUT", body=b"x" * size).status == status


def test_the_size_0_allows_any_body_and_it_arrives_unchanged(site):
    _site(site, proxy_body_size="0")
    body = bytes(range(256)) * (20 * MIB // 256)
    echo = site.web.ask(URL, "POST", body=body).echo
    assert (echo["body_length"], echo["body_sha256"]) == (
        len(body),
        hashlib.sha256(body).hexdigest(),
    )


@pytest.mark.parametrize(("chunks", "status"), [(16, 200), (17, 413)])
def test_a_chunked_body_is_measured_as_it_comes(chunks, status, site):
    _site(site)
    reply = site.web.ask(URL, "POST", body=(b"x" * (64 << 10) for _ in range(chunks)))
    assert reply.status == status


def test_a_large_answer_arrives_whole(site):
    _site(site)
    assert len(site.web.ask(URL + f"?size={20 * MIB}").body) == 20 * MIB
