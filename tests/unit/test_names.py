import ipaddress

import pytest

from generator.names import Reach, is_address, is_loopback, is_network_host, is_remote_host


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1"])
def test_an_address_is_ipv4_or_ipv6(text):
    assert is_address(text)


@pytest.mark.parametrize("text", ["fe80::1%eth0", "192.0.2", "192.0.2.1:80", "[::1]", ""])
def test_zones_ports_and_brackets_are_no_part_of_an_address(text):
    assert not is_address(text)


@pytest.mark.parametrize("host", ["0127.0.0.1", "1", "a.0x7f", "a_b", "-a", "a b", ""])
def test_what_could_be_read_as_an_address_or_is_no_name_is_no_host(host):
    assert not is_network_host(host)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "a.localhost", "127.9.9.9", "::1", "0.0.0.0", "::"),
        *("169.254.169.254", "fe80::a9fe:a9fe"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "::168.63.129.16"),
        *("168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"),
    ],
)
def test_what_leads_to_this_machine_is_not_remote(host):
    assert is_loopback(host)
    assert not is_remote_host(host)


@pytest.mark.parametrize("host", ["web.example.com", "192.0.2.1", "2001:db8::1", "10.0.0.1"])
def test_another_machine_is_remote(host):
    assert is_remote_host(host)


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("10.1.2.3", False),
        ("::ffff:10.1.2.3", False),
        ("64:ff9b::a01:203", False),
        ("fd00::1", False),
        ("10.2.0.1", True),
        ("2001:db8::1", True),
        ("db.internal", True),
        ("127.0.0.1", False),
    ],
)
def test_the_admins_networks_are_out_of_reach_however_an_address_is_written(host, admitted):
    denied = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8"))
    assert Reach(denied=denied).admits(host) is admitted
    assert Reach(loopback=True).admits(host)
