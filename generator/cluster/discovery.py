"""Opens the cluster that the settings name: a kubeconfig, a pod's ServiceAccount, a bare URL."""

import os
from pathlib import Path

from generator.cluster import kubeconfig as kubeconfig_files
from generator.cluster.access import Access, Anonymous, InCluster


def find(
    *,
    kubeconfig: str = "",
    context: str = "",
    server: str = "",
    service_account: Path | None = None,
) -> Access:
    """Return the way into the cluster; raises KubeconfigBroken.

    `kubeconfig` may be several files with colons between; `server` replaces the server
    that they name.
    """
    if kubeconfig:
        paths = tuple(Path(path) for path in kubeconfig.split(os.pathsep))
        return kubeconfig_files.load(paths, context=context, server=server)
    return InCluster(server, service_account) if service_account else Anonymous(server)
