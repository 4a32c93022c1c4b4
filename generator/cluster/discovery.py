"""Finds the cluster.

In order: a kubeconfig (`--kubeconfig`, `KUBECONFIG`), the ServiceAccount of the pod,
a bare URL. The URL (`--apiserver-host`, `KUBERNETES_MASTER`) replaces the server of the
first two.
Rules: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from generator.cluster import kubeconfig as kubeconfig_files
from generator.cluster.access import SERVICE_ACCOUNT, Access, Anonymous, InCluster
from generator.cluster.errors import NoClusterGiven


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
    url = (server or environ.get("KUBERNETES_MASTER", "")).rstrip("/")
    if paths := _existing(kubeconfig or environ.get("KUBECONFIG", "")):
        return kubeconfig_files.load(paths, context=context, server=url)
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
