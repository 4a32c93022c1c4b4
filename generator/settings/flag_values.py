"""Reads the values of flags; raises click.BadParameter, which says what was expected."""

import click

from generator.names import is_label, is_subdomain
from generator.objects import Name

_TRUTHS = dict.fromkeys(("1", "t", "true", "yes"), True)
_TRUTHS |= dict.fromkeys(("0", "f", "false", "no"), False)


def truth(text: str) -> bool:
    """Read a boolean as Go's flags have it: `--flag`, `--flag=true`, `--flag=false`."""
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise click.BadParameter(f'"{text}" is neither true nor false.') from None


def object_name(text: str) -> Name:
    """Read NAMESPACE/NAME."""
    namespace, _, name = text.partition("/")
    if not (namespace and name) or "/" in name:
        raise click.BadParameter(f'"{text}" is not NAMESPACE/NAME, such as default/web.')
    return Name(namespace, name)


def words(text: str) -> tuple[str, ...]:
    """Read a list with commas."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def namespaces(text: str) -> tuple[str, ...]:
    """Read a list of namespaces with commas."""
    for name in words(text):
        if not is_label(name):
            raise click.BadParameter(f'"{name}" is not the name of a namespace.')
    return words(text)


def prefix(text: str) -> str:
    """Read what annotations begin with, a DNS name."""
    if not is_subdomain(text):
        raise click.BadParameter(
            f'"{text}" is not a DNS name, such as nginx.ingress.kubernetes.io.'
        )
    return text


def port(text: str) -> int:
    """Read a TCP port."""
    return _number(text, 1, 65535, "a port: a number from 1 to 65535")


def worker_processes(text: str) -> int:
    """Read a number of nginx's workers; 0 has nginx count the processors."""
    return _number(text, 0, 1024, "a number of workers up to 1024")


def milliseconds(text: str) -> int:
    """Read a span of time."""
    return _number(text.removesuffix("ms"), 0, 60_000, "a number of milliseconds up to 60000")


def _number(text: str, low: int, high: int, expected: str) -> int:
    if text.isascii() and text.isdecimal() and low <= int(text) <= high:
        return int(text)
    raise click.BadParameter(f'"{text}" is not {expected}.')
