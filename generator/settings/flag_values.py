"""Parses the values of flags; raises click.BadParameter, which says what is expected."""

import ipaddress
import math
import re
from collections.abc import Mapping
from typing import Any

import click

from generator.names import Network, is_label, is_subdomain
from generator.objects import Name

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s))+")
_PART = re.compile(r"([0-9.]+)(h|ms|m|s)")
_BOOLEANS = dict.fromkeys(("1", "t", "true", "yes"), True)
_BOOLEANS |= dict.fromkeys(("0", "f", "false", "no"), False)


def boolean(text: str) -> bool:
    """Parse a boolean as in Go's flags: `--flag`, `--flag=true`, `--flag=false`."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise click.BadParameter(f'"{text}" is neither true nor false.') from None


SWITCH: Mapping[str, Any] = {"type": boolean, "is_flag": False, "flag_value": "true"}
"""What click is told of an option that is true or false."""


def object_name(text: str) -> Name:
    """Parse NAMESPACE/NAME."""
    namespace, _, name = text.partition("/")
    if not (namespace and name) or "/" in name:
        raise click.BadParameter(f'"{text}" is not NAMESPACE/NAME, such as default/web.')
    return Name(namespace, name)


def words(text: str) -> tuple[str, ...]:
    """Parse a list with commas."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def namespaces(text: str) -> tuple[str, ...]:
    """Parse a list of namespaces with commas."""
    for name in words(text):
        if not is_label(name):
            raise click.BadParameter(f'"{name}" is not the name of a namespace.')
    return words(text)


def networks(text: str) -> tuple[Network, ...]:
    """Parse a list of networks with commas."""
    return tuple(map(_network, words(text)))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise click.BadParameter(f'"{text}" is not a network, such as 10.0.0.0/8.') from None


def prefix(text: str) -> str:
    """Parse the prefix of annotations, a DNS name."""
    if not is_subdomain(text):
        raise click.BadParameter(
            f'"{text}" is not a DNS name, such as nginx.ingress.kubernetes.io.'
        )
    return text


def port(text: str) -> int:
    """Parse a TCP port."""
    return _number(text, 1, 65535, "a port: a number from 1 to 65535")


def worker_processes(text: str) -> int:
    """Parse the number of nginx's workers; 0 is one for each processor."""
    return _number(text, 0, 1024, "a number of workers up to 1024")


def milliseconds(text: str) -> int:
    """Parse a duration."""
    return _number(text.removesuffix("ms"), 0, 60_000, "a number of milliseconds up to 60000")


def seconds(text: str) -> int:
    """Parse a duration as Go writes it, such as 30s or 1m30s; to whole seconds, 2 at least."""
    if _DURATION.fullmatch(text):
        total_s = math.ceil(sum(float(n) * _UNITS_S[unit] for n, unit in _PART.findall(text)))
        if 2 <= total_s <= 300:
            return total_s
    raise click.BadParameter(f'"{text}" is not a duration from 2s to 5m, such as 30s.')


def lease_name(text: str) -> str:
    """Parse the name of a Lease."""
    if not is_subdomain(text):
        raise click.BadParameter(f'"{text}" is not a name for a Lease, such as pillion-leader.')
    return text


def _number(text: str, low: int, high: int, expected: str) -> int:
    if text.isascii() and text.isdecimal() and low <= int(text) <= high:
        return int(text)
    raise click.BadParameter(f'"{text}" is not {expected}.')
