"""Hands out ports that nobody listens on.

Below the range that the kernel takes for outgoing connections: a client that
keeps trying a port of that range while nobody listens can connect to itself, and
then the server that returns finds its port taken.
"""

import os
import random
import socket

RANGE = range(18000, 32000)
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_OURS = RANGE[_WORKER % _WORKERS :: _WORKERS]
"""Each worker of xdist has ports of its own: one that is given is not bound at once."""
_given: set[int] = set()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and that was not handed out before."""
    for port in random.sample(_OURS, len(_OURS)):
        if port not in _given and _is_free(address, port):
            _given.add(port)
            return port
    raise OSError(f"No port of {_OURS} is free on {address}.")


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
