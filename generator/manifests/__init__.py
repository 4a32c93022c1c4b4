"""Folders and files of YAML or JSON as a source of the same snapshots as a cluster.

Knows files, YAML and the older API versions; nothing of nginx, and of Kubernetes only
how its objects are written down. `documents` takes text apart, `versions` brings old
objects up to date, `decoding` makes objects of them, `folder` keeps what was read, and
`source` keeps it fresh.
"""

from generator.manifests.folder import read_manifests
from generator.manifests.positions import Places
from generator.manifests.source import ManifestSource

__all__ = ["ManifestSource", "Places", "read_manifests"]
