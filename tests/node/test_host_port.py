"""A DaemonSet on the node's own ports, as on bare metal."""

import pytest

from tests.drivers.web import Web
from tests.lab.namespace import ADDRESS

pytestmark = pytest.mark.slow
VALUES = {
    "controller": {
        "kind": "DaemonSet",
        "hostPort": {"enabled": True},
        "service": {"type": "ClusterIP"},
    }
}
WEB = Web(80, 443, address=ADDRESS)


def test_the_node_s_ports_80_and_443_answer(install, serve):
    release = install(VALUES)
    host = serve(release, "bare-metal.test")
    assert WEB.ask(f"http://{host}/").echo["host"] == host
    assert WEB.status(f"https://{host}/") == 200
    assert WEB.ask("http://another.test/").body == b"default backend - 404"
