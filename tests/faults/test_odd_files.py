"""Promise D: a file of the volume is replaced by what hangs, ends or fills whoever reads it."""

import signal
from pathlib import Path

import pytest

from tests.drivers.fault_scene import Scene
from tests.drivers.odd_files import ODD, put
from tests.lab.waiting import eventually

PLACES = (
    "next/nginx.conf",
    "next/quarantine.json",
    "next/known.json",
    "live/nginx.conf",
    "live/.candidate.conf",
    "live/status.json",
    "run/nginx.pid",
    "certificate",
    "a temporary file",
)
PROGRAMS = ("generator", "reloader")
MOST_KIB = 300 << 10


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_costs_no_process_no_request_and_no_change(kind, place, scene):
    programs = [scene.pair.process(name) for name in PROGRAMS]
    with scene.traffic() as tally:
        put(kind, _path(place, scene))
        scene.serves_a_newcomer()
        assert all(program.is_running() for program in programs)
    assert tally.failures == []
    assert all(_peak_kib(program.pid) < MOST_KIB for program in programs)


@pytest.mark.parametrize("kind", ODD)
def test_programs_start_on_a_volume_of_odd_files(kind, scene):
    places = [_path(place, scene) for place in PLACES if place != "a temporary file"]
    for name in PROGRAMS:
        scene.pair.process(name).send_signal(signal.SIGSTOP)
    with scene.traffic() as tally:
        for path in places:
            put(kind, path)
        for name in PROGRAMS:
            scene.pair.process(name).send_signal(signal.SIGKILL)
        host = scene.newcomer()
        # What was killed several times in a row is started after a while.
        eventually(lambda: scene.pair.get(host).status == 200, within_s=20)
    assert tally.failures == []
    assert all(_peak_kib(scene.pair.process(name).pid) < MOST_KIB for name in PROGRAMS)


def _path(place: str, scene: Scene) -> Path:
    if place == "certificate":
        return eventually(lambda: next(iter((scene.volume / "files").iterdir()), None))
    if place == "a temporary file":
        return scene.volume / f"live/.status.json.{scene.pair.process('reloader').pid}"
    return scene.volume / place


def _peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
