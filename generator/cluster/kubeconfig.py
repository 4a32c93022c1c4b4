"""Reads kubeconfig files, several as one, and the credentials that they name.

The client library's own loader continues without credentials when an exec plugin fails,
never reads a token file again, and answers a missing field with a TypeError or
with http://localhost; of it only the old auth-providers (OIDC) are used.
"""

import base64
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec import Struct, field

from generator.cluster.access import Access, Credentials, RefreshedFile, Server
from generator.cluster.errors import KubeconfigBroken, NoCredentials
from generator.cluster.plugin import Plugin, PluginConfig
from generator.decode_errors import field_error_of
from generator.objects import without_nulls


class _Cluster(Struct, frozen=True, kw_only=True, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: bytes = b""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class _User(Struct, frozen=True, kw_only=True, rename="kebab"):
    token: str = ""
    token_file: str = field(default="", name="tokenFile")
    client_certificate: str = ""
    client_certificate_data: bytes = b""
    client_key: str = ""
    client_key_data: bytes = b""
    username: str = ""
    password: str = ""
    exec: PluginConfig | None = None
    auth_provider: dict[str, Any] | None = None
    as_user: str = field(default="", name="as")
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()


class _Context(Struct, frozen=True, kw_only=True):
    cluster: str
    user: str = ""


class _NamedCluster(Struct, frozen=True):
    name: str
    cluster: _Cluster = _Cluster()


class _NamedUser(Struct, frozen=True):
    name: str
    user: _User = _User()


class _NamedContext(Struct, frozen=True):
    name: str
    context: _Context


class _File(Struct, frozen=True, kw_only=True, rename="kebab"):
    path: Path = field(default=Path(), name="where this file is")
    current_context: str = ""
    clusters: tuple[_NamedCluster, ...] = ()
    users: tuple[_NamedUser, ...] = ()
    contexts: tuple[_NamedContext, ...] = ()


Entry = TypeVar("Entry", _NamedCluster, _NamedUser, _NamedContext)


def load(paths: tuple[Path, ...], *, context: str = "", server: str = "") -> Access:
    """Read the files as one (of two entries with one name the first counts).

    `server` replaces the URL that they name. Raises KubeconfigBroken, which names file and field.
    """
    files = [_read(path) for path in paths]
    chosen = context or next((f.current_context for f in files if f.current_context), "")
    if not chosen:
        raise KubeconfigBroken(str(paths[0]), "current-context", "names no context to use.")
    _, named_context = _entry(files, "contexts", [f.contexts for f in files], chosen)
    wanted = named_context.context
    home, cluster = _entry(files, "clusters", [f.clusters for f in files], wanted.cluster)
    place = _server(home, cluster, server)
    if not wanted.user:
        return FromKubeconfig(place, _User(), home)
    home, user = _entry(files, "users", [f.users for f in files], wanted.user)
    if user.user.auth_provider is not None:
        return FromAuthProvider(place, files[0].path, chosen)
    return FromKubeconfig(place, user.user, home, f"users[{user.name}].user")


def _read(path: Path) -> _File:
    try:
        content = yaml.safe_load(path.read_text())
        file = msgspec.convert(without_nulls(content or {}), _File)
    except OSError as error:
        raise KubeconfigBroken(str(path), "", f"cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise KubeconfigBroken(str(path), "", "is not text.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "broken"
        raise KubeconfigBroken(str(path), line, f"is not YAML: {why}.") from error
    except msgspec.ValidationError as error:
        fault = field_error_of(error)
        raise KubeconfigBroken(str(path), fault.field, f"{fault.predicate}.") from error
    return msgspec.structs.replace(file, path=path)


def _entry(
    files: list[_File], kind: str, entries: list[tuple[Entry, ...]], name: str
) -> tuple[Path, Entry]:
    for file, named in zip(files, entries, strict=True):
        for entry in named:
            if entry.name == name:
                return file.path, entry
    there = ", ".join(sorted({entry.name for named in entries for entry in named})) or "none"
    where = ", ".join(str(file.path) for file in files)
    raise KubeconfigBroken(where, kind, f'has no entry named "{name}"; there are: {there}.')


def _server(home: Path, named: _NamedCluster, given_url: str) -> Server:
    cluster, where = named.cluster, f"clusters[{named.name}].cluster"
    url = (given_url or cluster.server).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise KubeconfigBroken(
            str(home), f"{where}.server", f'"{url}" is not a URL that begins with https://.'
        )
    ca = cluster.certificate_authority_data
    if not ca and cluster.certificate_authority:
        ca = _bytes(home, f"{where}.certificate-authority", cluster.certificate_authority)
    try:
        pem = ca.decode()
    except UnicodeDecodeError as error:
        raise KubeconfigBroken(
            str(home), f"{where}.certificate-authority-data", "is not a PEM certificate."
        ) from error
    return Server(
        url=url,
        ca=pem,
        verify=not cluster.insecure_skip_tls_verify,
        name=cluster.tls_server_name,
        proxy=cluster.proxy_url,
    )


def _bytes(home: Path, where: str, file: str) -> bytes:
    try:
        return (home.parent / file).read_bytes()
    except OSError as error:
        raise KubeconfigBroken(
            str(home), where, f"{home.parent / file} cannot be read: {error.strerror}."
        ) from error


class FromKubeconfig:
    """A cluster and a user of a kubeconfig: token, certificate, password, or a plugin."""

    def __init__(self, server: Server, user: _User, home: Path, where: str = "") -> None:
        self._server = server
        self._user = user
        self._token = RefreshedFile(home.parent / user.token_file) if user.token_file else None
        certificate, key = f"{where}.client-certificate", f"{where}.client-key"
        self._certificate = _pem(
            home, certificate, user.client_certificate, user.client_certificate_data
        )
        self._key = _pem(home, key, user.client_key, user.client_key_data)
        if bool(self._certificate) != bool(self._key):
            lacks = "client-key" if self._certificate else "client-certificate"
            raise KubeconfigBroken(str(home), f"{where}.{lacks}", "is missing beside the other.")
        self._plugin = (
            Plugin(user.exec, server, home=home, where=f"{where}.exec") if user.exec else None
        )

    async def server(self) -> Server:
        """Return its address."""
        return self._server

    async def credentials(self) -> Credentials:
        """Return the current credentials; run the plugin, if any, when its own have expired."""
        issued = await self._plugin.credential() if self._plugin else None
        if issued and issued.token:
            authorization = f"Bearer {issued.token}"
        elif self._token:
            authorization = f"Bearer {self._token.text()}"
        elif self._user.token:
            authorization = f"Bearer {self._user.token.strip()}"
        elif self._user.username:
            pair = f"{self._user.username}:{self._user.password}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            authorization = ""
        if issued and issued.client_certificate_data:
            certificate, key = issued.client_certificate_data, issued.client_key_data
        else:
            certificate, key = (pem.text() if pem else "" for pem in (self._certificate, self._key))
        return Credentials(
            authorization=authorization,
            certificate=certificate,
            key=key,
            headers=self._impersonated(),
        )

    def reject(self, credentials: Credentials) -> None:
        """Read the files again, and run the plugin again if it issued these."""
        for file in (self._token, self._certificate, self._key):
            if file:
                file.expire()
        if self._plugin:
            self._plugin.reject(
                credentials.authorization.removeprefix("Bearer "), credentials.certificate
            )

    def _impersonated(self) -> tuple[tuple[str, str], ...]:
        user = self._user
        single = (("Impersonate-User", user.as_user), ("Impersonate-Uid", user.as_uid))
        groups = (("Impersonate-Group", group) for group in user.as_groups)
        return tuple((name, value) for name, value in (*single, *groups) if value)


class _InlinePem:
    """PEM within the kubeconfig itself; never expires."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def expire(self) -> None:
        pass


def _pem(home: Path, where: str, file: str, data: bytes) -> RefreshedFile | _InlinePem | None:
    if data:
        try:
            return _InlinePem(data.decode())
        except UnicodeDecodeError as error:
            raise KubeconfigBroken(str(home), f"{where}-data", "is not PEM.") from error
    if file:
        _bytes(home, where, file)
        return RefreshedFile(home.parent / file)
    return None


class FromAuthProvider:
    """A user with an `auth-provider`, which the client library asks for a token."""

    def __init__(self, server: Server, path: Path, context: str) -> None:
        self._server = server
        self._path = path
        self._context = context
        self._credentials: Credentials | None = None

    async def server(self) -> Server:
        """Return its address."""
        return self._server

    async def credentials(self) -> Credentials:
        """Return the token, or ask the library: it renews one that has expired."""
        if self._credentials:
            return self._credentials
        from kubernetes.aio.client import Configuration  # noqa: PLC0415 - seldom needed
        from kubernetes.aio.config import load_kube_config  # noqa: PLC0415

        configuration = Configuration()
        try:
            await load_kube_config(  # type: ignore[no-untyped-call]
                str(self._path), self._context, configuration, persist_config=False
            )
        except Exception as error:  # the library lets anything through here
            raise NoCredentials(f"{self._path}: auth-provider yields no token: {error}") from error
        self._credentials = Credentials(authorization=configuration.api_key.get("BearerToken", ""))
        return self._credentials

    def reject(self, credentials: Credentials) -> None:
        """Ask the library again, unless it was asked since it returned these."""
        if self._credentials is credentials:
            self._credentials = None
