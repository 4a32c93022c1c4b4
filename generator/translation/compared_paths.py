"""Paths as nginx compares them: escapes decoded, slashes merged, dots resolved."""

import posixpath
import re
from itertools import takewhile
from typing import NamedTuple

from generator.effects import INTERNAL
from generator.values.invalid import Invalid

LONGEST_PATH = 1000
"""Bytes. Quoting may take four for each of them, and nginx reads tokens below 4,096."""
MOST_DOLLARS = 100
"""Each takes 17 bytes where nginx would look for variables."""

_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_RESOLVED = re.compile(r"//|/\.\.?(/|$)")
ESCAPE_OR_CLASS = r"\\.|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]"
"""In a regular expression, what stands for itself or for one of several characters."""
_LITERAL = re.compile(r"[^\\.^$*+?{}\[\]()|]*")
_ESCAPE_CLASS_OR_BYTE = re.compile(rf"{ESCAPE_OR_CLASS}|%(?P<byte>[0-9A-Fa-f]{{2}})")


def decoded(path: str) -> str:
    """Return a path without its escapes. Raises Invalid where it then is none."""
    if "%" not in path:
        return path
    try:
        text = _bytes(path).decode()
    except UnicodeDecodeError:
        raise Invalid("a path whose escapes are UTF-8", "Write a regular expression.") from None
    if text == path:
        return path
    if not text.isprintable():
        raise Invalid("a path without control characters", "Leave out what %00 to %1F stand for.")
    if "%2f" in path.lower() or _RESOLVED.search(text) or text.startswith(INTERNAL):
        raise Invalid("a path that is ever asked for", "Leave out encoded slashes and dots.")
    return text


def is_never_asked(path: str) -> bool:
    """Whether nginx resolves a path to another before it compares; an apiserver refuses it."""
    return "%2f" in path.lower() or _RESOLVED.search(path) is not None


def decoded_expression(pattern: str) -> str:
    r"""Return a regular expression with `\x20` where it says `%20` outside of a class."""

    def byte(found: re.Match[str]) -> str:
        return f"\\x{found['byte']}" if found["byte"] else found[0]

    return _ESCAPE_CLASS_OR_BYTE.sub(byte, pattern)


class Place(NamedTuple):
    """Where requests arrive that a path is meant for which cannot be served."""

    path: str
    """Encoded as paths of rules are."""
    is_whole: bool
    """Whether it is all of the path, not only what requests for it begin with."""


def place_of(path: str, *, regex: bool) -> Place | None:
    """Find the place of a path; None where it would be all requests, or none."""
    text = _beginning(path) if regex else path
    raw = _bytes("".join(takewhile(str.isprintable, text)))
    readable = "".join(takewhile(_is_writable, raw.decode(errors="replace")))
    short = readable.encode()[:LONGEST_PATH].decode(errors="ignore")
    while short.count("$") > MOST_DOLLARS:
        short = short.rpartition("$")[0]
    resolved = posixpath.normpath("/" + short.lstrip("/"))
    if not short.startswith("/") or resolved == "/" or f"{resolved}/".startswith(INTERNAL):
        return None
    if short.endswith("/"):
        resolved += "/"
    is_whole = not regex and len(short.encode()) == len(_bytes(path))
    return Place(resolved.replace("%", "%25"), is_whole)


def _bytes(path: str) -> bytes:
    raw = path.encode(errors="replace")
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), raw)


def _beginning(pattern: str) -> str:
    """Return the literal text that every match of an expression begins with."""
    found = _LITERAL.match(pattern)
    if found is None or "|" in pattern:
        return ""
    is_repeated = pattern[found.end() : found.end() + 1] in {"*", "?", "{"}
    return found[0][:-1] if is_repeated else found[0]


def _is_writable(character: str) -> bool:
    return character.isprintable() and character != "\N{REPLACEMENT CHARACTER}"
