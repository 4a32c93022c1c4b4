"""Promise D: a volume that is full, read-only, emptied, damaged, or shared with another."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drivers.fault_scene import OLD, Scene
from tests.drivers.ingresses import ingress, rule
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

FILES = ("next/nginx.conf", "next/quarantine.json", "next/known.json", "live/nginx.conf")
NOT_STATUS = (b'{"generation": "x", "hash": 1, "applied": 2, "serving": []}', b"[]", b"\xff{")


@pytest.fixture(scope="module")
def running_scene(tmp_path_factory) -> Iterator[Scene]:
    """A volume of 2 MB, as an emptyDir of medium Memory."""
    folder = tmp_path_factory.mktemp("scene")
    volume = folder / "volume"
    volume.mkdir()
    with _mounted(volume, "-t", "tmpfs", "-o", "size=2m", "tmpfs"), Scene(folder) as scene:
        yield scene


def test_a_full_volume_fails_no_request_and_is_used_when_it_has_room(scene):
    filler = scene.volume / "filler"
    with scene.traffic() as tally:
        _fill(filler)
        host = scene.newcomer()
        eventually(lambda: scene.pair.logs("config.write_failed"))
        scene.lasts()
        filler.unlink()
        scene.serves(host)
    assert tally.failures == []


@pytest.mark.parametrize("tail", ["", "x" * 300], ids=["has no copy", "fits nowhere"])
def test_what_the_volume_has_no_room_for_costs_its_ingress_alone_until_there_is(tail, scene):
    """1.2 MB fit into next/ alone, and 3.6 MB nowhere."""
    host = f"large{len(tail)}.test"
    paths = [("Exact", f"/{n}{tail}", "echo") for n in range(4000)]

    def is_served() -> bool:
        return scene.pair.get(host, f"/7{tail}").status == 200

    with scene.traffic() as tally:
        scene.write("large", ingress(rule(host, *paths), name=host))
        eventually(lambda: any(host in str(e) and "no room" in str(e) for e in scene.pair.logs()))
        scene.serves_a_newcomer()
        assert not is_served()
        _mount("-o", "remount,size=64m", str(scene.volume))
        eventually(is_served, within_s=20)
        scene.write("large")
        eventually(lambda: not is_served())
        eventually(lambda: _mount("-o", "remount,size=2m", str(scene.volume)) == 0)
    assert tally.failures == []


@pytest.mark.parametrize("name", ["next", "files", "live"])
def test_a_read_only_folder_fails_no_request_and_is_used_when_it_can_be_written(name, scene):
    folder = scene.volume / name
    with scene.traffic() as tally:
        with _mounted(folder, "--bind", str(folder)):
            _mount("-o", "remount,ro,bind", str(folder))
            host = scene.newcomer()
            scene.lasts()
        scene.serves(host)
    assert tally.failures == []


@pytest.mark.parametrize("name", ["next", "files", "live", "run"])
def test_a_folder_that_is_taken_away_is_made_anew(name, scene):
    with scene.traffic() as tally:
        (scene.volume / name).rename(scene.volume / f"was-{name}-{os.urandom(4).hex()}")
        scene.serves_a_newcomer()
    assert tally.failures == []


@pytest.mark.parametrize("damage", ["deleted", "cut short", "foreign"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_costs_no_request_and_no_change(name, damage, scene):
    eventually((scene.volume / name).exists)
    with scene.traffic() as tally:
        _damage(scene.volume / name, damage)
        scene.serves_a_newcomer()
    assert tally.failures == []


@pytest.mark.parametrize("text", NOT_STATUS)
def test_an_answer_that_is_none_costs_no_request_and_no_change(text, scene):
    status = scene.volume / "live/status.json"
    with scene.traffic() as tally:
        generator = scene.pair.process("generator")
        status.write_bytes(text)
        eventually(lambda: status.read_bytes() != text)
        scene.serves_a_newcomer()
    assert tally.failures == []
    assert generator.is_running()


@pytest.mark.parametrize("damage", ["deleted", "cut short", "foreign"])
def test_damaged_certificates_are_mended_before_nginx_needs_them(damage, scene):
    before = {path: path.read_bytes() for path in (scene.volume / "files").iterdir()}
    assert before
    for path in before:
        _damage(path, damage)
    scene.takes("mended", lambda: {p: p.read_bytes() for p in before} == before)
    scene.pair.process("nginx").send_signal(signal.SIGKILL)
    scene.takes("the old host is served", lambda: scene.pair.get(OLD).status == 200)


def test_a_wish_that_was_taken_away_before_the_reloader_saw_it_comes_again(scene):
    wish, reloader = scene.volume / "next/nginx.conf", scene.pair.process("reloader")
    before = wish.read_bytes()
    reloader.send_signal(signal.SIGSTOP)
    host = scene.newcomer()
    eventually(lambda: wish.read_bytes() != before)
    wish.unlink()
    reloader.send_signal(signal.SIGCONT)
    scene.serves(host)


def test_a_second_generator_on_the_volume_waits_its_turn(scene, tmp_path):
    (tmp_path / "nothing").mkdir()
    command = [sys.executable, "-P", "-m", "generator", f"--volume={scene.volume}"]
    command += [f"--manifests={tmp_path}/nothing", f"--healthz-port={free_port()}"]
    with scene.traffic() as tally:
        second = Process.start("second", command, tmp_path / "second.log")
        try:
            eventually(lambda: "another generator" in second.log.read_text())
            scene.serves_a_newcomer()
        finally:
            second.kill()
    assert tally.failures == []
    assert scene.pair.get(OLD).status == 200


def _damage(path: Path, damage: str) -> None:
    """What somebody with a shell could do; the reloader and the generator are not asked."""
    if damage == "deleted":
        path.unlink()
    elif damage == "cut short":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(os.urandom(200))


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


@contextmanager
def _mounted(folder: Path, *arguments: str) -> Iterator[None]:
    if os.geteuid() or _mount(*arguments, str(folder)):
        pytest.skip("mounts are not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False, stderr=subprocess.DEVNULL).returncode
