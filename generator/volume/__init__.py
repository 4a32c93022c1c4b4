"""The generator's side of the shared volume: what it writes, reads and keeps there.

The only room that does file I/O on the volume; the reloader's side is `reloader/`, and
`reloader.contract` is what both agree on. Knows nothing of the cluster.
"""
