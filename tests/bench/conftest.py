"""The control plane and the pair of tests/cluster, for measurements."""

from tests.cluster.conftest import control_plane, make_class, start_pair

__all__ = ["control_plane", "make_class", "start_pair"]
