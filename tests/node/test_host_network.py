"""On the node's own network, where the sysctl for low ports is not to be had."""

import pytest

from tests.drivers.web import Web
from tests.lab.namespace import ADDRESS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def release(install, plane):
    # The lab's node has no way out, and so none to the apiserver's ClusterIP either.
    apiserver = [
        {"name": "KUBERNETES_SERVICE_HOST", "value": "127.0.0.1"},
        {"name": "KUBERNETES_SERVICE_PORT", "value": str(plane.port)},
    ]
    values = {"kind": "DaemonSet", "hostNetwork": True, "extraEnvs": apiserver}
    return install({"controller": values})


@pytest.fixture
def web():
    return Web(80, 443, address=ADDRESS)


def test_the_ports_of_the_node_answer_and_changes_go_live(release, serve, web):
    host = serve(release, "host-network.test")
    assert web.ask(f"http://{host}/").echo["backend"] == "echo"


def test_nginx_has_no_capability_but_the_one_for_ports(release):
    told = release.run("nginx", "sh", "-c", "grep Cap /proc/self/status").output
    held = {line.split(":")[0]: line.split()[1] for line in told.splitlines()}
    net_bind_service = f"{1 << 10:016x}"
    assert held["CapEff"] == held["CapBnd"] == net_bind_service


@pytest.mark.parametrize("container", ["nginx", "reloader"])
def test_root_without_capabilities_cannot_look_into_the_generator(release, container):
    # As /proc has them, words of a command line end in zero bytes.
    is_generator = "tr '\\0' ' ' < $each/cmdline 2>/dev/null | grep -q '[m] generator'"
    look = f"for each in /proc/[0-9]*; do {is_generator} && ls $each/root/var; done"
    assert "Permission denied" in release.run(container, "sh", "-c", look).output
