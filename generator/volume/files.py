"""The files that a wish names: certificates and the like, each named by the hash of its bytes."""

import re

from generator.directives import File
from reloader.contract import Volume

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMED = re.compile(rf"/files/({_DIGEST.pattern})")


def named_files(text: str) -> tuple[str, ...]:
    """Return the digests of the files that a configuration or a message names, each once."""
    return tuple(dict.fromkeys(_NAMED.findall(text)))


def read_file(volume: Volume, digest: str) -> File | None:
    """Return a file of the volume; None where it is missing or has not the bytes of its name.

    Raises OSError where it cannot be read for another reason.
    """
    if not _DIGEST.fullmatch(digest):
        return None
    try:
        file = File((volume.files / digest).read_bytes())
    except FileNotFoundError:
        return None
    return file if file.digest == digest else None
