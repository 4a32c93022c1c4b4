"""The files that a wish names: certificates and the like, each named by the hash of its bytes."""

import re

from generator.directives import File
from reloader.contract import Volume, read_or_none

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMED = re.compile(rf"/files/({_DIGEST.pattern})")

_LARGEST = 1 << 24
"""Bytes; a Secret has a tenth of that at most."""


def named_files(text: str) -> tuple[str, ...]:
    """Return the digests of the files that a configuration or a message names, each once."""
    return tuple(dict.fromkeys(_NAMED.findall(text)))


def read_file(volume: Volume, digest: str) -> File | None:
    """Return a file of the volume; None where it is missing or has not the bytes of its name."""
    if not _DIGEST.fullmatch(digest):
        return None
    file = read_or_none(volume.files / digest, File, _LARGEST)
    return file if file and file.digest == digest else None
