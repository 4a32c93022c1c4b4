"""Starting is never blocked: without an apiserver, and with nothing on the volume."""

import json
import resource

import pytest

from reloader.contract import Volume, Wish
from tests.drivers.pair import Pair
from tests.lab.ports import free_port
from tests.lab.waiting import eventually


@pytest.fixture
def kubeconfig(tmp_path):
    """Of an apiserver that does not answer."""
    cluster = {"name": "gone", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}
    context = {"name": "gone", "context": {"cluster": "gone", "user": "me"}}
    path = tmp_path / "kubeconfig"
    user = {"name": "me", "user": {"token": "t"}}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [cluster],
                "contexts": [context],
                "users": [user],
                "current-context": "gone",
            }
        )
    )
    return path


@pytest.fixture
def without_apiserver(kubeconfig, tmp_path):
    """A pair on the volume of the first one that asks an apiserver which is not there."""
    other = Pair(tmp_path / "pair", [f"--kubeconfig={kubeconfig}"])
    yield other
    if other.has_started:
        other.kill()


def test_without_an_apiserver_the_last_good_configuration_serves_at_once(pair, without_apiserver):
    with pair:
        pair.stop()
    pair.log.unlink()
    without_apiserver.http_port = pair.http_port
    without_apiserver.https_port = pair.https_port
    without_apiserver.status_port = pair.status_port
    with without_apiserver as started:
        assert started.get("shop.test", "/a").status == 200
        eventually(lambda: started.logs("cluster.unreachable"))
        before = Wish.parse(Volume(started.volume).live.read_bytes())
        assert started.get("shop.test", "/a").status == 200
        assert Wish.parse(Volume(started.volume).wish.read_bytes()) == before


def test_with_nothing_on_the_volume_nginx_runs_and_is_not_ready(without_apiserver):
    without_apiserver.start()
    eventually(lambda: without_apiserver.logs("cluster.unreachable"))
    assert eventually(without_apiserver.readyz) == 503
    assert not without_apiserver.logs("process.died")


def test_workers_raise_a_low_limit_of_open_files(pair):
    pair.start(["sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh"])
    pair.wait_ready()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def limits():
        workers = [p for p in pair.processes() if p.command.startswith("nginx: worker process")]
        return {resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)[0] for worker in workers}

    eventually(lambda: limits() == {min(2 * 16384 + 1024, hard)})
    assert "exceed open file resource limit" not in pair.log.read_text()
