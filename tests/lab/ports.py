"""Hands out ports that nobody listens on.

Below the range that the kernel takes for outgoing connections: a client that
keeps trying a port of that range while nobody listens can connect to itself, and
then the server that returns finds its port taken.
"""

import random
import socket

RANGE = range(18000, 32000)
_given: set[int] = set()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and that was not handed out before."""
    for port in random.sample(RANGE, len(RANGE)):
        if port not in _given and _is_free(address, port):
            _given.add(port)
            return port
    raise OSError(f"No port of {RANGE} is free on {address}.")


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
