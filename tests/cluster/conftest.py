"""A control plane for each test process, a Kubernetes namespace for each test.

With xdist each worker has an apiserver of its own, so a test that kills it or
makes an IngressClass disturbs no other worker's.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from tests.lab import namespace
from tests.lab.backend import Backend
from tests.lab.client import Client
from tests.lab.control_plane import ControlPlane

_numbers = count(1)


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real kube-apiserver; a test that breaks it mends it again."""
    if not namespace.is_entered():
        pytest.fail(
            f"{namespace.ADDRESS} is not here. Run `make test`, or "
            "`python -m tests.lab.namespace -- pytest tests/cluster`.",
            pytrace=False,
        )
    with ControlPlane() as plane:
        yield plane


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Client]:
    """The admin's client in a namespace of the test's own; `cluster.namespace` is its name."""
    name = f"test-{next(_numbers)}"
    yield control_plane.create_namespace(name)
    control_plane.delete_namespace(name)


@pytest.fixture
def backend() -> Iterator[Callable[..., Backend]]:
    """Starts a Backend with these arguments; it stops with the test."""
    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(Backend(*args, **kwargs))
