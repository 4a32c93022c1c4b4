"""Runs a command in a network namespace of its own.

    python -m tests.lab.namespace -- pytest tests/cluster

The apiserver refuses loopback addresses in EndpointSlices. In here every address
of 10.77.0.0/16 is this machine's, as are fd77::1 to fd77::8, and nothing reaches
the outside. Root makes the namespace directly; others inside a user namespace of
their own, where the kernel allows it. Needs no iproute2.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path
from typing import NoReturn

from tests.lab.errors import LabError

ADDRESS = "10.77.0.1"
"""The first address that is there within, and nowhere else."""
IPV6_ADDRESSES = tuple(f"fd77::{n}" for n in range(1, 9))

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_IFF_UP = 0x1

_WAY_OUT = (
    "Run as root, or allow user namespaces: "
    "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 "
    "kernel.apparmor_restrict_unprivileged_userns=0 (those of them that exist)."
)


def enter() -> None:
    """Moves this process, which must have one thread, into a new namespace, and sets it up."""
    try:
        _unshare()
        _bring_up()
        _add_ipv4(ADDRESS, "255.255.0.0")
        if Path("/proc/net/if_inet6").exists():
            _add_ipv6(IPV6_ADDRESSES)
    except OSError as error:
        raise LabError(f"No network namespace can be made here ({error}). {_WAY_OUT}") from error


def is_entered() -> bool:
    """Whether the addresses of the lab are this machine's."""
    with socket.socket() as probe:
        try:
            probe.bind((ADDRESS, 0))
        except OSError:
            return False
    return True


def _unshare() -> None:
    """As root at once; where that is not allowed, as oneself in a user namespace."""
    try:
        _system_unshare(_CLONE_NEWNET)
    except PermissionError:
        uid, gid = os.getuid(), os.getgid()
        _system_unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _system_unshare(flags: int) -> None:
    """os.unshare, which Python has from 3.12 on."""
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _bring_up() -> None:
    """lo is down in a new namespace; 127.0.0.1 and ::1 come with it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH22x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))


def _add_ipv4(address: str, netmask: str) -> None:
    """On lo, one address with a mask makes every address of the network local."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for code, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, netmask)):
            inet = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(control, code, struct.pack("16s16s8x", b"lo:1", inet))


def _add_ipv6(addresses: tuple[str, ...]) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        for address in addresses:
            packed = socket.inet_pton(socket.AF_INET6, address)
            request = struct.pack("16sIi", packed, 128, socket.if_nametoindex("lo"))
            try:
                fcntl.ioctl(control, _SIOCSIFADDR, request)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EADDRNOTAVAIL):
                    raise
                return  # IPv6 is switched off on this machine; its tests will say so


def main(arguments: list[str]) -> NoReturn:
    """Enters, then becomes the command."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.exit("usage: python -m tests.lab.namespace -- COMMAND [ARGUMENT ...]")
    try:
        enter()
    except LabError as error:
        sys.exit(f"lab: {error}")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
