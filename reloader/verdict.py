"""Whether what `nginx -t` says is about the configuration, or about what surrounds it.

Only nginx's own error message is proof against a configuration, if nginx has come to its end
and a want of memory, rights, room or descriptors does not explain it. Of the error numbers those in
`FILE_ERRNOS` alone can be a configuration's fault: it names a file that is not there. A
check that ended by a signal, in time-out or without a message proves nothing.
"""

import errno
import re
import signal
from dataclasses import dataclass

FILE_ERRNOS = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
)
"""What is wrong with the name of a file. Every other number is about the surroundings."""
STARVED_ERRNOS = frozenset(
    {
        errno.EAGAIN,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EROFS,
    }
)
"""What explains every error beside it, at whatever level nginx tells it."""

_LINE = re.compile(r"\[(emerg|alert|crit|error)\] (?:\d+#\d+: )?(.*)")
_PLACE = re.compile(r"(?P<message>.*) in (?P<file>/.*):(?P<line>\d+)")
_ERRNO = re.compile(r"\((\d+): [^()]*\)")
_COMMAND_LINE = " in command line"
"""Ends a message about what `-g` gives, which is no part of a configuration."""
_PATH = re.compile(r'"(/[^"]*)"')
_OPENSSL = re.compile(r"error:8([0-9A-F]{7}):|::malloc failure")
"""OpenSSL packs a system's error number into a code of its own that begins with 8."""
_BLOCKED = re.compile(
    r"(?:mkdir|chown|socket|bind|setsockopt|listen|SSL_CTX_new)\(\)?[ (]|"
    r"pcre2_compile\(\) failed: (?:failed to allocate|no more memory)"
)
_OUTCOME = re.compile(r"^\w+: configuration file .* test failed$", re.MULTILINE)
"""What nginx says last. Without it, what it was about to say is not known."""
_MOST = 500


@dataclass(frozen=True)
class Refusal:
    """nginx's error message about a configuration, parsed."""

    message: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Blocked:
    """Why a check could not be made. It says nothing about the configuration."""

    message: str


Verdict = Refusal | Blocked


@dataclass(frozen=True)
class Checked:
    """The configuration that was checked, as far as a verdict depends on it."""

    body: bytes = b""
    run: str = "/nonexistent"
    """The folder that nginx writes to. A configuration names files in it, but none is its own."""
    lacks_memory: bool = False
    """Whether the check could be denied memory. OpenSSL then finds fault with what is good."""


def judge(said: str, returncode: int, checked: Checked) -> Verdict:
    """Return what a check that failed proves."""
    if returncode < 0:
        return Blocked(f"nginx -t was ended {ending(returncode)}")
    lines = [(level, message) for level, message in _LINE.findall(said) if level != "error"]
    for level, message in lines:
        if _starved(message) or (level == "emerg" and _is_blocked(message, checked)):
            return Blocked(message)
    worst = [message for level, message in lines if level == "emerg"] or [m for _, m in lines]
    if not worst or not _OUTCOME.search(said):
        return Blocked(said.strip()[-_MOST:] or f"nginx -t ended with {returncode} and no word")
    return _refusal(worst[0])


def ending(returncode: int) -> str:
    """Say how a process ended: by which signal, also one that Python has no name for."""
    if returncode >= 0:
        return f"with status {returncode}"
    try:
        return f"by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"by signal {-returncode}"


def _refusal(message: str) -> Refusal:
    place = _PLACE.fullmatch(message)
    if place is None:
        return Refusal(message)
    return Refusal(place["message"], place["file"], int(place["line"]))


def _starved(message: str) -> bool:
    return bool(_errnos(message) & STARVED_ERRNOS)


def _is_blocked(message: str, checked: Checked) -> bool:
    if message.endswith(_COMMAND_LINE):
        return True
    openssl = _openssl(message)
    if _BLOCKED.match(message) or "::malloc failure" in openssl:
        return True
    if openssl and checked.lacks_memory:
        return True
    numbers = _errnos(message)
    return bool(numbers) and not (numbers <= FILE_ERRNOS and _names_its_file(message, checked))


def _names_its_file(message: str, checked: Checked) -> bool:
    """Whether the configuration names the file: in the line that nginx names, or anywhere."""
    paths = _PATH.findall(message)
    if any(path.startswith(f"{checked.run}/") for path in paths):
        return False
    return bool(_PLACE.fullmatch(message)) or any(p.encode() in checked.body for p in paths)


def _errnos(message: str) -> set[int]:
    """Return the numbers that nginx, or OpenSSL, puts at the end of a message.

    Text of a configuration may look like one, but stands in quotes before the end.
    """
    refusal = _refusal(message)
    end = refusal.message[refusal.message.rfind("(") :]
    found = _ERRNO.fullmatch(end)
    if found:
        return {int(found[1])}
    return {int(number, 16) for number in _OPENSSL.findall(_openssl(message)) if number}


def _openssl(message: str) -> str:
    return message.rpartition("(SSL: ")[2] if message.endswith(")") else ""
