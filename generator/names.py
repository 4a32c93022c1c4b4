"""Names and addresses as Kubernetes admits them: manifests and flags went through no apiserver."""

import ipaddress
import re
from functools import lru_cache

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
LONGEST_HOST = 253


def is_label(text: str) -> bool:
    """Whether this is a DNS label (RFC 1123), as namespaces and Services have for names."""
    return re.fullmatch(_LABEL, text) is not None


def is_subdomain(text: str) -> bool:
    """Whether this is a DNS subdomain (RFC 1123), as Ingresses and hosts have for names."""
    return len(text) <= LONGEST_HOST and _SUBDOMAIN.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether this may be the host of a rule: a subdomain, or `*.` before one."""
    return is_subdomain(text.removeprefix("*."))


def wildcard_above(host: str) -> str:
    """Return the wildcard that a host of several labels is below: `*.b` of `a.b`."""
    return "*." + host.partition(".")[2]


@lru_cache(maxsize=1 << 14)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address without a zone index; cached, since each endpoint is asked of thrice."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address, without a zone index (`%eth0`)."""
    return _address(text) is not None


def is_network_host(host: str) -> bool:
    """Whether this is an address, or a DNS name that nothing takes for an address.

    A name that ends in a number is none: nginx reads 0127.0.0.1 as an address.
    """
    return is_address(host) or (is_subdomain(host) and not _ENDS_IN_A_NUMBER.search(host))


def is_loopback(host: str) -> bool:
    """Whether a host leads to this very machine, where nginx's own status listener is.

    Link-local addresses count: a cloud's metadata service, which has the node's
    credentials, is at one.
    """
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified or mapped.is_link_local)


def is_remote_host(host: str) -> bool:
    """Whether requests may be sent there on behalf of users: a host, and not this machine."""
    return is_network_host(host) and not is_loopback(host)
