"""A real node, one for the whole run, and Pillion on it."""

from collections.abc import Iterator

import pytest

from tests.lab import images, node
from tests.lab.control_plane import ControlPlane
from tests.lab.node import Node


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(flags=node.FLAGS) as started:
        yield started


@pytest.fixture(scope="session")
def machine(plane: ControlPlane) -> Iterator[Node]:
    """The node, Ready, with every image loaded."""
    with Node(plane, images.pause().archive) as started:
        started.load(images.nginx().archive)
        yield started
