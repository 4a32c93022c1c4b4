"""nginx's tokenizer, told again: `ngx_conf_read_token` of src/core/ngx_conf_file.c, 1.31.

Independent of the code under test: bytes of one directive in, its arguments out.
"""

import re
from typing import NamedTuple

BLANK = b" \t\r\n"
BUFFER = 4096
ESCAPES = {b"t": b"\t", b"r": b"\r", b"n": b"\n", b'"': b'"', b"'": b"'", b"\\": b"\\"}


class NotReadError(Exception):
    """nginx would refuse this, or read more than one directive."""


def directive(text: bytes) -> list[bytes]:
    """The arguments of the directive that `text` is; it has to end with its semicolon."""
    arguments: list[bytes] = []
    rest = text.lstrip(BLANK)
    while rest != b";":
        if rest[:1] in (b"", b";", b"{", b"}", b"#"):
            raise NotReadError(f"stops before {rest!r}")
        argument, rest = _quoted(rest) if rest[:1] in (b'"', b"'") else _bare(rest)
        arguments.append(_unescaped(argument))
        rest = rest.lstrip(BLANK)
    return arguments


def _quoted(text: bytes) -> tuple[bytes, bytes]:
    end = _end(text[1:], text[:1]) + 1
    after = text[end + 1 : end + 2]
    if after not in (b" ", b"\t", b"\r", b"\n", b";", b"{"):
        raise NotReadError(f"unexpected {after!r} after a quote")
    return text[1:end], text[end + 1 :]


def _bare(text: bytes) -> tuple[bytes, bytes]:
    end = _end(text, BLANK + b";{")
    return text[:end], text[end:]


def _end(text: bytes, stops: bytes) -> int:
    """Where the first of these bytes is that no backslash precedes; `${` is no block."""
    position = 0
    while position < len(text):
        if position + 2 > BUFFER:
            raise NotReadError("too long parameter")
        if text[position : position + 1] == b"\\":
            position += 2
        elif text[position : position + 1] == b"$":
            position += 1
            while text[position : position + 1] == b"{":
                position += 1
        elif text[position] in stops:
            return position
        else:
            position += 1
    raise NotReadError("unexpected end of file")


def _unescaped(token: bytes) -> bytes:
    return re.sub(rb"\\([\"'\\trn])", lambda match: ESCAPES[match[1]], token)


class Block(NamedTuple):
    """A directive: its name and arguments, and what stands in its braces if it has any."""

    name: str
    arguments: tuple[str, ...]
    inside: "tuple[Block, ...] | None" = None


def configuration(text: bytes) -> tuple[tuple[Block, ...], list[str]]:
    """Everything that a file says, and its comments."""
    comments: list[str] = []
    blocks, rest = _blocks(text, comments, depth=0)
    if rest:
        raise NotReadError(f"unexpected {rest[:20]!r}")
    return blocks, comments


def _blocks(text: bytes, comments: list[str], depth: int) -> tuple[tuple[Block, ...], bytes]:
    blocks: list[Block] = []
    words: list[str] = []
    while text := text.lstrip(BLANK):
        first = text[:1]
        if first == b"#":
            comment, _, text = text.partition(b"\n")
            comments.append(comment.decode())
        elif first in b";{" and words:
            text = text[1:]
            inside = None
            if first == b"{":
                inside, text = _blocks(text, comments, depth + 1)
            blocks.append(Block(words[0], tuple(words[1:]), inside))
            words = []
        elif first == b"}" and depth and not words:
            return tuple(blocks), text[1:]
        elif first in b";{}":
            raise NotReadError(f"unexpected {first!r}")
        else:
            word, text = _quoted(text) if first in (b'"', b"'") else _bare(text)
            words.append(_unescaped(word).decode())
    if words or depth:
        raise NotReadError("unexpected end of file")
    return tuple(blocks), b""
