"""Where the apiserver is, and what proves to it who we are.

Files that hold proof are read again, so that a rotated token or certificate is found.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from generator.cluster.errors import NoCredentials

REREAD_S = 10.0


class Server(Struct, frozen=True, kw_only=True):
    """Where the apiserver is, and how to tell that it is the right one."""

    url: str
    ca: str = ""
    """PEM; empty: the system's."""
    verify: bool = True
    name: str = ""
    """The name that its certificate is for, where that is not the URL's host."""
    proxy: str = ""


class Proof(Struct, frozen=True, kw_only=True):
    """Who we are. Never shown."""

    authorization: str = ""
    """The header's value."""
    certificate: str = ""
    key: str = ""
    """PEM, both."""
    headers: tuple[tuple[str, str], ...] = ()
    """Whom to impersonate."""

    def __repr__(self) -> str:
        return "Proof()"


class Access(Protocol):
    """A cluster that we may enter."""

    async def server(self) -> Server:
        """Say where it is, as of now."""

    async def proof(self) -> Proof:
        """Say who we are, as of now. Raises NoCredentials."""

    def reject(self, proof: Proof) -> None:
        """Have a proof replaced that the apiserver did not accept."""


class Rereading:
    """A file that another hand may replace: read again when it is old or did not work."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._text = ""
        self._fresh_until = float("-inf")

    def text(self) -> str:
        """Return what it holds, without white space around it.

        Raises NoCredentials if it never could be read.
        """
        if self._clock() >= self._fresh_until:
            try:
                self._text = self._path.read_text().strip() or self._text
            except (OSError, UnicodeDecodeError) as error:
                if not self._text:
                    raise NoCredentials(f"{self._path} cannot be read: {error}") from error
            self._fresh_until = self._clock() + REREAD_S
        if not self._text:
            raise NoCredentials(f"{self._path} is empty.")
        return self._text

    def forget_freshness(self) -> None:
        """Read it again at the next use."""
        self._fresh_until = float("-inf")


class InCluster:
    """The ServiceAccount of this pod."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._token = Rereading(folder / "token")
        self._ca = Rereading(folder / "ca.crt")

    async def server(self) -> Server:
        """Say where it is, with the CA of now."""
        return Server(url=self._url, ca=self._ca.text())

    async def proof(self) -> Proof:
        """Say who we are; a token never leaves over plain HTTP."""
        if not self._url.startswith("https:"):
            return Proof()
        return Proof(authorization=f"Bearer {self._token.text()}")

    def reject(self, proof: Proof) -> None:  # noqa: ARG002 - there is but one
        """Read the token again."""
        self._token.forget_freshness()
        self._ca.forget_freshness()


class Anonymous:
    """A server that is reached by its URL alone."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def server(self) -> Server:
        """Say where it is."""
        return Server(url=self._url)

    async def proof(self) -> Proof:
        """Say nothing."""
        return Proof()

    def reject(self, proof: Proof) -> None:
        """There is no other."""
