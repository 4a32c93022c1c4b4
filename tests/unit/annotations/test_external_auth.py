"""Whom nginx may ask whether a request may pass: not itself, nor whom a client chooses."""

import ipaddress

import pytest

from generator.annotations.declaration import Asker
from generator.annotations.external_auth import AUTH_URL, FEATURE
from generator.annotations.reading import read
from generator.effects import Deny
from generator.names import Reach
from generator.objects import Kind, Name, ObjectRef
from generator.options.declaration import GlobalValues
from generator.translation.merge import NOT_FOUND
from tests.drivers.ingresses import PREFIX

OWNER = ObjectRef(Kind.INGRESS, Name("default", "shop"))


def denied(url, *hosts, loopback=False, networks=()):
    """What is wrong with asking there, on behalf of an Ingress of these hosts."""
    given = {f"{PREFIX}/{AUTH_URL.name}": url}
    values, problems = read(given, PREFIX, OWNER, GlobalValues())
    reach = Reach(loopback, tuple(map(ipaddress.ip_network, networks)))
    asker = Asker(owner=OWNER, hosts=frozenset(hosts), default_backend=NOT_FOUND, reach=reach)
    found = [e.problem for e in FEATURE.effects(values, asker) if isinstance(e, Deny)]
    return [each.message for each in (*problems, *found)]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1.2.3", "localhost", "x.localhost", "169.254.169.254", "0.0.0.0"],
)
def test_this_machine_and_a_metadata_service_are_not_asked(host):
    assert denied(f"http://{host}/verify", "a.test") == [f'"{host}" is not a host elsewhere.']


@pytest.mark.parametrize("host", ["[::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[::]"])
def test_nor_are_they_by_an_address_of_ipv6(host):
    assert denied(f"http://{host}/verify", "a.test") == [f'"{host}" is not a host elsewhere.']


@pytest.mark.parametrize("host", ["0127.0.0.1", "2130706433", "0x7f.1"])
def test_a_spelling_that_nginx_or_a_resolver_may_read_as_an_address_is_refused(host):
    assert denied(f"http://{host}/verify", "a.test")


def test_the_requests_own_host_is_asked_only_where_it_is_one_of_the_ingress():
    assert denied("http://$host/verify", "a.test") == []
    (message,) = denied("http://$host/verify", "a.test", "")
    assert message.startswith("$host may be anything here")


def test_a_service_elsewhere_is_asked():
    assert denied("https://auth.default.svc.cluster.local/verify", "") == []
    assert denied("http://10.0.0.7:4180/verify", "") == []


def test_what_is_in_a_network_that_the_admin_denies_is_not():
    assert denied("http://10.0.0.7:4180/verify", "", networks=["10.0.0.0/8"])


def test_on_a_machine_of_ones_own_it_may_be_this_one():
    assert denied("http://127.0.0.1:4180/verify", "", loopback=True) == []
