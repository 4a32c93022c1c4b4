"""The address of the apiserver, and the credentials it accepts.

Files that hold credentials are read again, so that a rotated token or certificate is found.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from generator.cluster.errors import NoCredentials

REREAD_S = 10.0


class Server(Struct, frozen=True, kw_only=True):
    """The address of the apiserver, and how to verify its certificate."""

    url: str
    ca: str = ""
    """PEM; empty: the system's."""
    verify: bool = True
    name: str = ""
    """The name that its certificate is for, where that is not the URL's host."""
    proxy: str = ""


class Credentials(Struct, frozen=True, kw_only=True):
    """What authenticates a request. Never shown."""

    authorization: str = ""
    """The header's value."""
    certificate: str = ""
    key: str = ""
    """PEM, both."""
    headers: tuple[tuple[str, str], ...] = ()
    """The Impersonate headers."""

    def __repr__(self) -> str:
        return "Credentials()"


class Access(Protocol):
    """The way into a cluster."""

    async def server(self) -> Server:
        """Return the apiserver's current address."""

    async def credentials(self) -> Credentials:
        """Return the current credentials. Raises NoCredentials."""

    def reject(self, credentials: Credentials) -> None:
        """Replace credentials that the apiserver did not accept."""


class RefreshedFile:
    """A file that is rotated by others: read again when it is old or did not work."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._text = ""
        self._fresh_until = float("-inf")

    def text(self) -> str:
        """Return its text, stripped; the last one if it cannot be read. Raises NoCredentials."""
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

    def expire(self) -> None:
        """Read it again at the next use."""
        self._fresh_until = float("-inf")


class InCluster:
    """The ServiceAccount of this pod."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._token = RefreshedFile(folder / "token")
        self._ca = RefreshedFile(folder / "ca.crt")

    async def server(self) -> Server:
        """Return its address, with the current CA."""
        return Server(url=self._url, ca=self._ca.text())

    async def credentials(self) -> Credentials:
        """Return the token; none over plain HTTP, where it could be read on the way."""
        if not self._url.startswith("https:"):
            return Credentials()
        return Credentials(authorization=f"Bearer {self._token.text()}")

    def reject(self, credentials: Credentials) -> None:  # noqa: ARG002 - there is only one
        """Read the token again."""
        self._token.expire()
        self._ca.expire()


class Anonymous:
    """A server that is reached without credentials."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def server(self) -> Server:
        """Return its address."""
        return Server(url=self._url)

    async def credentials(self) -> Credentials:
        """Return no credentials."""
        return Credentials()

    def reject(self, credentials: Credentials) -> None:
        """Do nothing: there are no others."""
