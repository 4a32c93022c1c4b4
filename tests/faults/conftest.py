"""A scene for the tests of a file, and its figures in the report (`--junit-xml`)."""

from collections.abc import Callable, Iterator

import pytest

from tests.drivers.fault_scene import Scene


@pytest.fixture(scope="module")
def running_scene(tmp_path_factory) -> Iterator[Scene]:
    """One for all tests of a file: faults come one after another."""
    with Scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene


@pytest.fixture
def scene(running_scene: Scene, record_property: Callable[[str, object], None]) -> Iterator[Scene]:
    """The scene, served and at rest; what was measured goes into the report."""
    running_scene.serves_a_newcomer()
    running_scene.figures.clear()
    yield running_scene
    for what, seconds in running_scene.figures:
        record_property(what, seconds)
