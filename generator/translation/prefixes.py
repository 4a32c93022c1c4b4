"""Prefixes of paths, of which many are asked for many paths."""

from collections.abc import Iterable


class Prefixes:
    """A set of prefixes. A look costs one slice for each length that there is, not each prefix."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = set[str]()
        self._lengths: list[int] = []
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Take one more."""
        self._texts.add(text)
        if len(text) not in self._lengths:
            self._lengths = sorted((*self._lengths, len(text)), reverse=True)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def longest(self, path: str) -> str | None:
        """Return the longest prefix of a path; None where it has none here."""
        for length in self._lengths:
            if length <= len(path) and (start := path[:length]) in self._texts:
                return start
        return None
