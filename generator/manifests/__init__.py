"""Folders and files of YAML or JSON as a source of the same snapshots as a cluster.

Knows files, YAML and the older API versions; nothing of nginx, and of Kubernetes only
how its objects are written. `scan` finds files, `documents` parses their text,
`lists` splits a dump of a cluster, `versions` converts old objects, `decoding` decodes
them, `files` reads one file, `merge` merges all, `folder` keeps what was read, `source`
keeps it fresh, and `positions` finds lines.
"""

from generator.manifests.folder import read_manifests
from generator.manifests.positions import Locator
from generator.manifests.source import ManifestSource

__all__ = ["Locator", "ManifestSource", "read_manifests"]
