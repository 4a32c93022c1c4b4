"""Prefixes of paths, of which many are asked for many paths."""

from collections.abc import Collection


class Prefixes:
    """A set of prefixes. A look costs one slice for each length that there is, not each prefix."""

    def __init__(self, texts: Collection[str]) -> None:
        self._texts = frozenset(texts)
        self._lengths = sorted({len(text) for text in self._texts}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def longest(self, path: str) -> str | None:
        """Return the longest prefix of a path; None where it has none here."""
        for length in self._lengths:
            if length <= len(path) and (start := path[:length]) in self._texts:
                return start
        return None
