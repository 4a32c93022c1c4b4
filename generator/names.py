"""Names and addresses as Kubernetes admits them: manifests and flags went through no apiserver."""

import ipaddress
import re
from functools import lru_cache

from msgspec import Struct

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

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
def _address(text: str) -> Address | None:
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


@lru_cache(maxsize=1 << 14)
def is_loopback(host: str) -> bool:
    """Whether a host leads to this very machine, where nginx's own status listener is.

    Link-local addresses count, and the others at which a cloud hands out its machines'
    credentials. So does an IPv6 address that some network turns into one of these.
    """
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return any(map(_is_local, _meant(address)))


def is_remote_host(host: str) -> bool:
    """Whether requests may be sent there on behalf of users: a host, and not this machine."""
    return is_network_host(host) and not is_loopback(host)


class Reach(Struct, frozen=True):
    """Where requests may be sent on behalf of those who write Ingresses."""

    loopback: bool = False
    """Whether to this very machine, which then is theirs."""
    denied: tuple[Network, ...] = ()
    """Networks that the admin keeps them out of."""

    def admits(self, host: str) -> bool:
        """Whether an address or a DNS name may be asked; where a name leads DNS alone knows."""
        if is_loopback(host) and not self.loopback:
            return False
        address = _address(host) if self.denied else None
        return address is None or not any(
            one in network
            for one in _meant(address)
            for network in self.denied
            if one.version == network.version
        )


def _meant(address: Address) -> tuple[Address, ...]:
    """Return an address, and the IPv4 address that it stands for where there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is None and any(address in network for network in _EMBEDDING):
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return (address, embedded) if embedded else (address,)


def _is_local(address: Address) -> bool:
    return (
        address.is_loopback
        or address.is_unspecified
        or address.is_link_local
        or any(address in network for network in _METADATA if network.version == address.version)
    )


_EMBEDDING = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
"""IPv4-compatible addresses (RFC 4291), and those of a NAT64 (RFC 6052)."""
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16",  # Azure
            "100.100.100.200",  # Alibaba Cloud
            "192.0.0.192",  # Oracle Cloud, the older one
            "fd00:ec2::/64",  # AWS
            "fd20:ce::254",  # Google Cloud
            "fd00:42::42",  # Scaleway
        ),
    )
)
"""Where clouds tell a machine its credentials, beside the link-local 169.254.169.254."""
