"""`helm uninstall`."""

import pytest

from tests.drivers.helm_release import Release
from tests.lab.waiting import eventually

pytestmark = pytest.mark.slow
LIVES_BY_ITSELF = {"events", "events.events.k8s.io", "endpoints"}


@pytest.fixture
def inventory(plane):
    """Names every object of the cluster, by its resource."""

    def named():
        told = plane.kubectl("api-resources", "--verbs=list", "--output=name").split()
        resources = ",".join(sorted(set(told) - LIVES_BY_ITSELF))
        output = "custom-columns=:kind,:metadata.namespace,:metadata.name"
        listed = plane.kubectl(
            "get", resources, "--all-namespaces", f"--output={output}", "--ignore-not-found"
        )
        return {line for line in listed.splitlines() if line.strip()}

    return named


@pytest.mark.usefixtures("machine")
def test_it_leaves_nothing_behind(plane, inventory):
    plane.create_namespace("gone")
    eventually(lambda: any("kube-root-ca.crt" in n and "gone" in n for n in inventory()))
    before = inventory()
    release = Release(plane, name="gone", namespace="gone")
    release.install(
        {"controller": {"metrics": {"enabled": True}}, "defaultBackend": {"enabled": True}}
    )
    assert inventory() - before
    release.uninstall()
    eventually(lambda: not inventory() - before, within_s=60)
    assert inventory() == before
