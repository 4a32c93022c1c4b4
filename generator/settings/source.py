"""Decides where objects come from: manifests, or which cluster.

In order: the folders of `--manifests`, a kubeconfig (`--kubeconfig`, `KUBECONFIG`), the
ServiceAccount of the pod, a bare URL. The URL (`--apiserver-host`, `KUBERNETES_MASTER`)
replaces the server of the kubeconfig or the pod. `manifests/` and `cluster/` open the
source that is chosen here; they read no environment variables.
Rules: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".
"""

import ipaddress
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from generator.objects import Name
from generator.settings.command_line import SettingsError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Manifests(Struct, frozen=True):
    """Objects come from folders and files."""

    paths: tuple[Path, ...]


class Cluster(Struct, frozen=True, kw_only=True):
    """Objects come from an apiserver."""

    kubeconfig: str = ""
    """Paths with colons, as in KUBECONFIG; empty: none."""
    context: str = ""
    """Empty: the current one of the kubeconfig."""
    server: str = ""
    """A URL that replaces the kubeconfig's; empty: the kubeconfig's."""
    service_account: Path | None = None
    """The folder of the pod's token and CA; None where these are not used."""


def manifests_of(paths: tuple[Path, ...]) -> Manifests:
    """Return the source of these folders and files. Raises SettingsError where one is missing."""
    for path in paths:
        if why := _why_unreadable(path):
            raise SettingsError(f"--manifests {path} {why}.")
    return Manifests(paths)


def cluster_of(
    environ: Mapping[str, str],
    *,
    kubeconfig: str,
    context: str,
    server: str,
    service_account: Path = SERVICE_ACCOUNT,
) -> Cluster:
    """Return the cluster to read. Raises SettingsError where nothing names one."""
    server = server.rstrip("/")
    if kubeconfig:
        return Cluster(kubeconfig=_existing(kubeconfig), context=context, server=server)
    in_pod = (service_account / "token").exists()
    if in_pod and (url := server or _pod_server(environ)):
        return Cluster(server=url, service_account=service_account)
    if server:
        return Cluster(server=server)
    raise SettingsError(
        "There is no source of Ingresses. Name a folder with --manifests DIR, a "
        "cluster with --kubeconfig FILE (or KUBECONFIG), or run in a pod with a ServiceAccount."
    )


def replica_of(environ: Mapping[str, str], service_account: Path | None) -> Name:
    """Return the namespace and the name of this replica among others.

    A pod's is its own, so that a container that was started again is known as the same.
    """
    name = environ.get("POD_NAME") or f"{socket.gethostname()}_{secrets.token_hex(4)}"
    return Name(environ.get("POD_NAMESPACE") or _namespace_of(service_account) or "default", name)


def _namespace_of(service_account: Path | None) -> str:
    try:
        return (service_account / "namespace").read_text().strip() if service_account else ""
    except OSError:
        return ""


def _existing(paths: str) -> str:
    """Return the paths that exist, with home folders expanded; some may be missing."""
    named = [Path(path).expanduser() for path in paths.split(os.pathsep) if path]
    reasons = [_why_unreadable(path) for path in named]
    if all(reasons):
        raise SettingsError(f"--kubeconfig {os.pathsep.join(map(str, named))} {reasons[0]}.")
    return os.pathsep.join(str(p) for p, why in zip(named, reasons, strict=True) if not why)


def _why_unreadable(path: Path) -> str:
    """Return why a path cannot be read, as the end of a sentence; empty if it can."""
    try:
        path.stat()
    except PermissionError:
        return "may not be read by this user"
    except OSError:
        return "does not exist"
    return ""


def _pod_server(environ: Mapping[str, str]) -> str:
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    return f"https://{f'[{host}]' if _is_ipv6(host) else host}:{port}" if host else ""


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
