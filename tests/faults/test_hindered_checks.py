"""Promises B and D: a check that fails for what surrounds it holds nobody, and is made again."""

import errno
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.drivers.fault_scene import Scene
from tests.drivers.hindered_nginx import HinderedNginx, lacks_a_library, says
from tests.lab.waiting import eventually

PID = 'open() "/pillion/run/nginx.pid"'
BODY = 'mkdir() "/pillion/run/temp/body"'
CERTIFICATE = 'cannot load certificate "/files/ab": BIO_new_file()'
SIGNALS = ("KILL", "SEGV", "XCPU", "TERM")
WANTS = {
    **{f"SIG{name}": f"kill -{name} $$" for name in SIGNALS},
    "SIGKILL while it spoke": "echo '[emerg] on the way' >&2; kill -KILL $$",
    "RLIMIT_AS": "ulimit -v 12000",
    "RLIMIT_AS too small to start": "ulimit -v 1000",
    "RLIMIT_DATA": "ulimit -d 4000",
    "RLIMIT_NOFILE": "ulimit -n 3",
    "RLIMIT_FSIZE": f"ulimit -f 0; {says(errno.EFBIG, PID)}",
    "RLIMIT_CPU": "ulimit -t 0",
    "rights": 'exec setpriv --reuid=65534 --regid=65534 --clear-groups $nginx "$@"',
    "EACCES": says(errno.EACCES, CERTIFICATE),
    "ENOMEM": says(errno.ENOMEM, "mmap(MAP_ANON|MAP_SHARED, 8388608)"),
    "ENOSPC": says(errno.ENOSPC, BODY),
    "EDQUOT": says(errno.EDQUOT, BODY),
    "EROFS": says(errno.EROFS, PID),
    "EMFILE": says(errno.EMFILE, CERTIFICATE),
    "ENFILE": says(errno.ENFILE, "socket()"),
    "EIO": says(errno.EIO, CERTIFICATE),
    "no word": "exit 1",
    "no word of nginx's": "echo 'cannot start a container' >&2; exit 125",
    "half a message": "printf 'nginx: [emerg] cannot load cer' >&2; exit 1",
    "half a level": "printf 'nginx: [em' >&2; exit 1",
    "no program": "exec /nowhere/nginx",
}


@pytest.fixture(scope="module")
def nginx(tmp_path_factory) -> HinderedNginx:
    return HinderedNginx(tmp_path_factory.mktemp("program") / "nginx")


@pytest.fixture(scope="module")
def running_scene(nginx, tmp_path_factory) -> Iterator[Scene]:
    """As everywhere here, in front of an nginx whose checks can be hindered."""
    with Scene(tmp_path_factory.mktemp("scene"), f"--nginx-bin={nginx.program}") as scene:
        yield scene


@pytest.mark.parametrize("want", WANTS)
def test_a_check_in_want_of_something_holds_nobody(want, nginx, scene):
    _hinders(scene, nginx.hindered(WANTS[want]), "nginx.check_blocked")


@pytest.mark.parametrize("program", ["none", "empty", "half", "not executable", "without library"])
def test_a_program_that_cannot_be_started_in_an_upgrade_holds_nobody(program, nginx, scene):
    content, mode = {
        "none": (None, 0o755),
        "empty": (b"", 0o755),
        "half": (b"\x7fELF\x02\x01\x01", 0o755),
        "not executable": (nginx.program.read_bytes(), 0o644),
        "without library": (lacks_a_library(), 0o755),
    }[program]
    if program == "without library" and content is None:
        pytest.skip("nothing here is linked with a library that could be missing")
    _hinders(scene, nginx.replaced(content, mode), "nginx.missing")


def test_a_program_that_is_being_written_to_holds_nobody(nginx, scene):
    _hinders(scene, nginx.written_to(), "nginx.missing")


def _hinders(scene: Scene, fault: AbstractContextManager[None], told_as: str) -> None:
    """Three newcomers come during the fault; all are served after it, and none was blamed."""
    told = len(scene.pair.logs(told_as))
    with scene.traffic() as tally:
        with fault:
            hosts = [scene.newcomer() for _ in range(3)]
            eventually(lambda: len(scene.pair.logs(told_as)) > told)
        for host in hosts:
            scene.serves(host)
    assert tally.failures == []
    assert not [line for line in scene.pair.logs() if line.get("code") == "refused-by-nginx"]
    assert not scene.pair.logs("config.bisecting")
    kept = json.loads((scene.volume / "next/quarantine.json").read_bytes())
    assert kept["held"] == kept["suspended"] == []
