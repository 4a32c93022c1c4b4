"""Runs the exec plugin of a kubeconfig, and caches its credential until that expires.

Rules: Kubernetes docs, "client-go credential plugins".
"""

import asyncio
import base64
import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct, field

from generator.cluster.access import Server
from generator.cluster.errors import KubeconfigBroken, NoCredentials

TIMEOUT_S = 60.0
RETRY_S = 5.0
"""How long a failure is cached: every request asks, and a plugin may take a second."""
EARLY_S = 10.0
"""How long before it expires a credential is replaced."""


class _Variable(Struct, frozen=True):
    name: str
    value: str = ""


class PluginConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """`users[].user.exec`."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[_Variable, ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False


class ExecCredentialStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """The credential that a plugin prints. Never shown."""

    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: dt.datetime | None = None

    def __repr__(self) -> str:
        return "ExecCredentialStatus()"


class _ExecCredential(Struct, frozen=True, kw_only=True, rename="camel"):
    kind: str = ""
    api_version: str = ""
    status: ExecCredentialStatus = field(default_factory=ExecCredentialStatus)


class Plugin:
    """One plugin; concurrent requests share one run."""

    def __init__(
        self,
        config: PluginConfig,
        server: Server,
        *,
        home: Path,
        where: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._server = server
        self._now = now
        self._credential: ExecCredentialStatus | None = None
        self._failure: NoCredentials | None = None
        self._failed_at = float("-inf")
        self._lock = asyncio.Lock()
        self._program = _program(config, home)
        if not self._program:
            hint = f" {config.install_hint.strip()}" if config.install_hint else ""
            raise KubeconfigBroken(
                str(home), f"{where}.command", f'"{config.command}" is not found.{hint}'
            )

    async def credential(self) -> ExecCredentialStatus:
        """Return its credential; run it if that has expired. Raises NoCredentials."""
        async with self._lock:
            held = self._credential
            if held and not self._has_expired(held):
                return held
            if self._failure and self._now() - self._failed_at < RETRY_S:
                raise self._failure
            try:
                self._credential = await self._run()
            except NoCredentials as error:
                self._failure, self._failed_at = error, self._now()
                raise
            return self._credential

    def reject(self, token: str, certificate: str) -> None:
        """Run it again, unless it was run since it issued these."""
        held = self._credential
        if held and held.token == token and held.client_certificate_data in ("", certificate):
            self._credential = None

    def _has_expired(self, credential: ExecCredentialStatus) -> bool:
        end = credential.expiration_timestamp
        return end is not None and end.timestamp() - EARLY_S <= self._now()

    async def _run(self) -> ExecCredentialStatus:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *self._config.args,
                env=os.environ | {v.name: v.value for v in self._config.env} | self._info(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise NoCredentials(f"{self._program} cannot be run: {error.strerror}.") from error
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer, messages = await process.communicate()
        except TimeoutError as error:
            raise NoCredentials(
                f"{self._program} printed nothing for {TIMEOUT_S:.0f} s."
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            last = messages.decode(errors="replace").strip().rpartition("\n")[2]
            raise NoCredentials(f"{self._program} ended with {process.returncode}: {last}")
        return self._read(answer)

    def _read(self, answer: bytes) -> ExecCredentialStatus:
        try:
            read = msgspec.json.decode(answer, type=_ExecCredential)
        except msgspec.DecodeError as error:
            # msgspec's text names fields and types, never a value.
            raise NoCredentials(f"{self._program} printed no ExecCredential: {error}.") from error
        status = read.status
        if read.kind != "ExecCredential" or read.api_version != self._config.api_version:
            raise NoCredentials(
                f"{self._program} printed {read.api_version} {read.kind}, "
                f"not {self._config.api_version} ExecCredential."
            )
        if bool(status.client_certificate_data) != bool(status.client_key_data) or not (
            status.token or status.client_certificate_data
        ):
            raise NoCredentials(
                f"{self._program} printed no token and no certificate with its key."
            )
        return status

    def _info(self) -> dict[str, str]:
        spec: dict[str, object] = {"interactive": False}
        if self._config.provide_cluster_info:
            spec["cluster"] = {
                "server": self._server.url,
                "tls-server-name": self._server.name,
                "insecure-skip-tls-verify": not self._server.verify,
                "certificate-authority-data": base64.b64encode(self._server.ca.encode()).decode(),
                "proxy-url": self._server.proxy,
            }
        info = {"apiVersion": self._config.api_version, "kind": "ExecCredential", "spec": spec}
        return {"KUBERNETES_EXEC_INFO": json.dumps(info)}


def _program(config: PluginConfig, home: Path) -> str:
    """Find the program as kubectl does: a path relative to the kubeconfig, a bare name on PATH."""
    if "/" in config.command:
        path = home.parent / config.command
        return str(path) if os.access(path, os.X_OK) else ""
    given = {variable.name: variable.value for variable in config.env}
    return shutil.which(config.command, path=given.get("PATH")) or ""
