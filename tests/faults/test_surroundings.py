"""Promise D: nginx that can take up nothing new, and a kernel that has no watches left."""

import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.drivers.fault_scene import OLD, Scene
from tests.lab.waiting import eventually

WITHOUT_INOTIFY = """
echo 0 > /proc/sys/user/max_inotify_instances &&
echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"
"""
IN_A_USER_NAMESPACE = ["unshare", "--user", "--map-root-user", "sh", "-c", WITHOUT_INOTIFY, "sh"]


@pytest.mark.parametrize(
    ("limit", "least"),
    [(resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_AS, 1 << 20), (resource.RLIMIT_FSIZE, 0)],
    ids=["descriptors", "memory", "files"],
)
def test_an_nginx_that_can_take_up_nothing_serves_on_and_then_the_newest(limit, least, scene):
    with scene.traffic() as tally:
        with _limited(scene.pair.process("nginx").pid, limit, least):
            scene.newcomer()
            scene.lasts(300)
        scene.serves_a_newcomer()
    assert tally.failures == []


def test_a_master_that_could_spawn_no_workers_gets_them_as_soon_as_it_can(scene):
    """nginx tries once to replace a worker; after that only a reload brings any."""
    with _limited(scene.pair.process("nginx").pid, resource.RLIMIT_NOFILE, 3):
        workers = scene.workers()
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        refused = "could not respawn worker process"
        eventually(lambda: scene.pair.log.read_text().count(refused) >= len(workers))
    scene.takes("the old host is served", lambda: scene.pair.get(OLD).status == 200)
    scene.serves_a_newcomer()


def test_a_reload_that_failed_is_tried_again_by_itself(fresh_scene):
    with fresh_scene() as scene:
        with _limited(scene.pair.process("nginx").pid, resource.RLIMIT_NOFILE, 3):
            host = scene.newcomer()
            eventually(lambda: scene.pair.logs("config.failed"), within_s=15)
        scene.serves(host)


def test_without_inotify_changes_are_served_all_the_same(fresh_scene):
    if subprocess.run([*IN_A_USER_NAMESPACE, "true"], check=False).returncode:
        pytest.skip("user namespaces are not allowed here")
    with fresh_scene(prefix=IN_A_USER_NAMESPACE) as scene:
        scene.serves_a_newcomer()
        scene.serves_a_newcomer()


@contextmanager
def _limited(pid: int, limit: int, least: int) -> Iterator[None]:
    """From now on the running process, and what it starts, has no more of it."""
    soft, hard = resource.prlimit(pid, limit)
    resource.prlimit(pid, limit, (least, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, limit, (soft, hard))


@pytest.fixture
def fresh_scene(tmp_path):
    """Makes a scene of one's own: a context manager."""
    return lambda **options: Scene(tmp_path, **options)
