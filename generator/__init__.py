"""Knows Kubernetes, never nginx's process.

Turns what the apiserver (or a folder of manifests) says into `next/nginx.conf`
on the shared volume, and reports to users what became of it.
"""
