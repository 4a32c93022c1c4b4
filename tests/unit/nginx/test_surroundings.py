"""What is known of the nginx that will read the configuration, and of its surroundings."""

import pytest

from generator.nginx.capabilities import UNKNOWN, Capabilities
from generator.nginx.surroundings import (
    cluster_domain_of,
    has_ipv6_beyond,
    open_files,
    resolvers_of,
)

RESOLV_CONF = """\
# made by hand
search default.svc.example.net svc.example.net example.net corp.test
nameserver 10.96.0.10
nameserver fd00::a
nameserver fe80::1%eth0
nameserver
options ndots:5
"""


def test_name_servers_are_those_of_resolv_conf_that_nginx_can_reach():
    assert resolvers_of(RESOLV_CONF) == ("10.96.0.10", "fd00::a")


def test_the_clusters_domain_is_that_of_the_search_list():
    assert cluster_domain_of(RESOLV_CONF) == "example.net"
    assert cluster_domain_of("search corp.test\nnameserver 10.0.0.1\n") == ""


def test_ipv6_on_loopback_and_links_alone_leads_nowhere():
    loopback = "00000000000000000000000000000001 01 80 10 80       lo\n"
    link = "fe80000000000000021122fffe334455 02 40 20 80     eth0\n"
    assert not has_ipv6_beyond(loopback + link)
    assert has_ipv6_beyond(f"{loopback}fd000000000000000000000000000007 02 40 00 80 eth0\n")
    assert not has_ipv6_beyond("")


def test_before_nginx_was_asked_only_what_every_nginx_has_is_used():
    assert (UNKNOWN.http2, UNKNOWN.grpc, UNKNOWN.stub_status, UNKNOWN.fastcgi) == (
        False,
        False,
        False,
        True,
    )


def test_grpc_is_there_with_http2_unless_left_out():
    left_out = "without-http_grpc_module"
    assert Capabilities.of("1.31.3", ["http_v2_module"]).grpc
    assert not Capabilities.of("1.31.3", ["http_v2_module", left_out]).grpc


def test_a_version_is_compared_by_its_numbers():
    assert Capabilities.of("1.31.3", []).version > Capabilities.of("1.9.15", []).version


@pytest.mark.parametrize(
    ("soft", "hard", "limit"),
    [
        (1024, 524288, 33792),  # containerd 2
        (1024, -1, 33792),
        (1024, 4096, 4096),
        (4096, 4096, 4096),
        (1048576, 1048576, 0),
        (-1, -1, 0),
    ],
)
def test_a_worker_may_open_two_files_for_each_connection_where_the_hard_limit_allows(
    soft, hard, limit
):
    assert open_files(soft, hard, 16384) == limit
