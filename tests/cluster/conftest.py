"""A control plane for each test process, a Kubernetes namespace for each test.

With xdist each worker has an apiserver of its own, so a test that kills it or
makes an IngressClass disturbs no other worker's.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count

import pytest

from tests.drivers.ingresses import CONTROLLER, ingress_class
from tests.drivers.pair import Pair
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


@pytest.fixture(scope="session")
def start_pair(control_plane: ControlPlane, tmp_path_factory) -> Callable[..., Pair]:
    """`pillion up` on this control plane, with more flags where they are given."""
    kubeconfig = f"--kubeconfig={control_plane.kubeconfig()}"

    def start(*flags: str) -> Pair:
        """Start one that leads alone, unless it is given another's `--election-id`."""
        own = [f"--election-id=pair-{next(_numbers)}", "--election-ttl=2s"]
        return Pair(tmp_path_factory.mktemp("pair"), [kubeconfig, *own, *flags])

    return start


@pytest.fixture(scope="session")
def make_class(control_plane: ControlPlane) -> Callable[..., AbstractContextManager[None]]:
    """An IngressClass of this name and controller, ours unless told, as long as the `with`."""

    @contextmanager
    def made(name: str, controller: str = CONTROLLER, *, default: bool = False) -> Iterator[None]:
        control_plane.admin.create(ingress_class(name, controller, default=default))
        yield
        control_plane.admin.delete("IngressClass", name)

    return made
