"""Splits a stream into lines of any length.

aiohttp's own line iterator fails past 128 KiB a line; an Ingress may be 1 MB.
"""

from collections.abc import Iterator


class LineSplitter:
    """Buffers the line that has not ended yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Return every line that this chunk ends, without line feeds; skip empty ones."""
        head, *tail = chunk.split(b"\n")
        self._parts.append(head)
        for part in tail:
            line = b"".join(self._parts)
            self._parts = [part]
            if line:
                yield line

    @property
    def is_unfinished(self) -> bool:
        """Whether the stream stopped within a line."""
        return any(self._parts)
