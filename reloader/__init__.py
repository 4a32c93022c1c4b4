"""Knows nginx's process and the volume, never Kubernetes.

Tests each wish of the generator with `nginx -t`, makes it live, signals the master to
reload, verifies that it is served, and answers in `live/status.json`. The generator may
import `contract` and `logs` alone.
"""
