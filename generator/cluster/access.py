"""Finds the cluster, and proves to it who we are.

In order: a kubeconfig (`--kubeconfig`, `KUBECONFIG`), the ServiceAccount of the pod,
a bare URL. The URL (`--apiserver-host`, `KUBERNETES_MASTER`) replaces the server of the
first two. Files that hold proof are read again, so that a rotated token or
certificate is found.
Rules: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".
"""

import ipaddress
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from generator.cluster.errors import NoClusterGiven, NoCredentials

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
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
        """Give what it holds, without white space around it.

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

    def __init__(self, url: str, folder: Path = SERVICE_ACCOUNT) -> None:
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


def find(
    environ: Mapping[str, str],
    *,
    kubeconfig: str = "",
    context: str = "",
    server: str = "",
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """Find the cluster to talk to; raises NoClusterGiven or KubeconfigBroken.

    `kubeconfig` may be several files with colons between; `server` replaces whatever
    server is found.
    """
    from generator.cluster import kubeconfig as files  # noqa: PLC0415 - it needs these types

    url = (server or environ.get("KUBERNETES_MASTER", "")).rstrip("/")
    if paths := _existing(kubeconfig or environ.get("KUBECONFIG", "")):
        return files.load(paths, context=context, server=url)
    in_pod = (service_account / "token").exists()
    if in_pod and (url := url or _pod_url(environ)):
        return InCluster(url, service_account)
    if url:
        return Anonymous(url)
    raise NoClusterGiven


def _existing(paths: str) -> tuple[Path, ...]:
    """Those of a list that exist; else the first, so that it can be told that it does not."""
    named = tuple(Path(path).expanduser() for path in paths.split(os.pathsep) if path)
    return tuple(path for path in named if path.exists()) or named[:1]


def _pod_url(environ: Mapping[str, str]) -> str:
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    return f"https://{f'[{host}]' if _is_ipv6(host) else host}:{port}" if host else ""


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
