"""Decides where objects come from: manifests, or which cluster.

In order: the folders of `--manifests`, a kubeconfig (`--kubeconfig`, `KUBECONFIG`), the
ServiceAccount of the pod, a bare URL. The URL (`--apiserver-host`, `KUBERNETES_MASTER`)
replaces the server of the kubeconfig or the pod. What is decided here is opened by
`manifests/` and `cluster/`, which look at no environment.
Rules: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from generator.settings.command_line import Refused

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
    """A URL. Replaces the kubeconfig's; empty: that one."""
    service_account: Path | None = None
    """The folder of the pod's token and CA; None where a kubeconfig is used, or nothing."""


def manifests_of(paths: tuple[Path, ...]) -> Manifests:
    """Return the source of these folders and files. Raises Refused where one is missing."""
    for path in paths:
        if why := _why_unreadable(path):
            raise Refused(f"--manifests {path} {why}.")
    return Manifests(paths)


def cluster_of(
    environ: Mapping[str, str],
    *,
    kubeconfig: str,
    context: str,
    server: str,
    service_account: Path = SERVICE_ACCOUNT,
) -> Cluster:
    """Decide which cluster is meant. Raises Refused where nothing says so."""
    server = server.rstrip("/")
    if kubeconfig:
        return Cluster(kubeconfig=_existing(kubeconfig), context=context, server=server)
    in_pod = (service_account / "token").exists()
    if in_pod and (url := server or _pod_server(environ)):
        return Cluster(server=url, service_account=service_account)
    if server:
        return Cluster(server=server)
    raise Refused(
        "There is nothing to read Ingresses from. Give a folder by --manifests DIR, a cluster "
        "by --kubeconfig FILE (or KUBECONFIG), or run in a pod with a ServiceAccount."
    )


def _existing(paths: str) -> str:
    """Expand home folders; of several files, some may be missing."""
    named = [Path(path).expanduser() for path in paths.split(os.pathsep) if path]
    reasons = [_why_unreadable(path) for path in named]
    if all(reasons):
        raise Refused(f"--kubeconfig {os.pathsep.join(map(str, named))} {reasons[0]}.")
    return os.pathsep.join(str(p) for p, why in zip(named, reasons, strict=True) if not why)


def _why_unreadable(path: Path) -> str:
    """Return why nothing can be read there, as the end of a sentence; empty where it can."""
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
