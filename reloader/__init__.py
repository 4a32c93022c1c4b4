"""Knows nginx's process and the volume, never Kubernetes.

Takes each wish of the generator, has `nginx -t` judge it, makes it live, has the
master reload, verifies that it serves, and answers in `live/status.json`.
Only `contract` and `logs` may be imported from outside this room.
"""
