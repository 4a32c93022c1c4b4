"""A real node, one for the whole run; Pillion on it, installed anew for each file."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.drivers import helm_release as releases
from tests.drivers.helm_release import Release
from tests.drivers.ingresses import ingress, rule
from tests.drivers.pods import run_echo
from tests.lab import images, node
from tests.lab.client import Client
from tests.lab.control_plane import ControlPlane
from tests.lab.node import Node


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A control plane that a node can join."""
    with ControlPlane(flags=node.FLAGS) as started:
        yield started


@pytest.fixture(scope="session")
def machine(plane: ControlPlane) -> Iterator[Node]:
    """The node, Ready, with every image; the chart's also under the names that it gives them."""
    built = {
        "generator": images.generator(),
        "reloader": images.reloader(),
        "nginx": images.nginx(),
    }
    with Node(plane, images.find(images.pause())) as started:
        for image in (*built.values(), images.backend()):
            started.load(images.find(image))
        for container, name in releases.images_by_container(releases.rendered()).items():
            started.tag(built.get(container, built["generator"]).reference, name)
        yield started


@pytest.fixture(scope="session")
def shop(plane: ControlPlane, machine: Node) -> Client:  # noqa: ARG001 - it runs there
    """A namespace with an echo server, `echo`, that runs and is ready."""
    client = plane.create_namespace("shop")
    run_echo(client, "echo")
    return client


@pytest.fixture(scope="module")
def install(plane: ControlPlane, machine: Node) -> Iterator[Callable[..., Release]]:  # noqa: ARG001
    """Installs the chart with these values; uninstalled after the file's last test."""
    installed = []

    def installs(values: dict[str, Any] | None = None, **place: str) -> Release:
        release = Release(plane, **place)
        installed.append(release)
        release.install(values)
        return release

    yield installs
    for release in installed:
        release.uninstall()


@pytest.fixture
def serve(shop: Client) -> Iterator[Callable[..., str]]:
    """Has every pod of a release serve a host, until the test ends. Gives the host."""
    made = []

    def served(release: Release, host: str, **more: Any) -> str:
        name = host.replace(".", "-")
        paths = rule(host, ("Prefix", "/", "echo"))
        shop.apply(ingress(paths, name=name, ingressClassName="nginx", **more))
        made.append(name)

        release.wait_served(f"http://{host}/")
        return host

    yield served
    for name in made:
        shop.delete("Ingress", name)
