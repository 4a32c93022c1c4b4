"""No growth: what the pair holds, sampled through thousands of changes under idle clients.

Prints a table and writes docs/growth.svg where `PILLION_BENCH_PLOT` says so.
`PILLION_BENCH_CHANGES` says how many changes, 2,000 unless told. Changes come five a
second, as edits of manifests; clients keep connections, and so old workers, for long.
"""

import json
import os
import time
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from tests.bench.plot import panels
from tests.drivers.fault_scene import OLD, Scene
from tests.drivers.ingresses import ingress, rule
from tests.drivers.keepalive_clients import Clients
from tests.lab.waiting import eventually

CHANGES = int(os.environ.get("PILLION_BENCH_CHANGES", "2000"))
HOSTS = 100
A_SECOND = 5
IDLERS = 60
EACH = max(1, CHANGES // 100)
"""Changes from one sample to the next."""
STEADY_AFTER_S = 80
"""Idle clients keep the workers of a configuration for 75 s."""
PLOT = os.environ.get("PILLION_BENCH_PLOT", "")


@dataclass(frozen=True)
class Sample:
    """What is held at one moment; memory as PSS, so that what is shared counts once."""

    generator_mib: float
    reloader_mib: float
    nginx_mib: float
    workers: int
    draining: int
    descriptors: int
    threads: int
    files: int
    log_kib: float


def test_growth(tmp_path):
    with Scene(tmp_path) as scene, _idlers(scene).running() as tally:
        for number in range(HOSTS):
            _edit(scene, f"host-{number}", 0)
        samples = {0: _sample(scene)}
        began = time.monotonic()
        for number in range(1, CHANGES + 1):
            _edit(scene, f"host-{number % HOSTS}", number)
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            if number % EACH == 0:
                samples[number] = _sample(scene)
        scene.serves_a_newcomer()
        eventually(lambda: _serves(scene, CHANGES), within_s=10)
        took_s, reloads = time.monotonic() - began, len(scene.pair.logs("config.applied"))
    _print_table(samples, took_s, reloads)
    if PLOT:
        Path(PLOT).write_text(_plot(samples))
    assert tally.failures == []
    if took_s > STEADY_AFTER_S * 3:
        _assert_flat(samples)


def _idlers(scene: Scene) -> Clients:
    """Clients of the old host that mostly keep still, a little less than nginx lets them."""
    return Clients(scene.pair.http_port, OLD, clients=IDLERS, idle_s=70)


def _edit(scene: Scene, host: str, number: int) -> None:
    paths = [("Prefix", "/", "echo"), ("Prefix", f"/change-{number}", "echo")]
    scene.write(host, ingress(rule(f"{host}.test", *paths), name=host))


def _serves(scene: Scene, number: int) -> bool:
    live = (scene.volume / "live" / "nginx.conf").read_text()
    return f"/change-{number}" in live


def _sample(scene: Scene) -> Sample:
    pair = scene.pair
    processes = pair.processes()
    nginx = [p for p in processes if p.command.startswith("nginx: ")]
    ours = [pair.process("generator"), pair.process("reloader"), pair.process("nginx")]
    workers = [p for p in nginx if p.command.startswith("nginx: worker process")]
    return Sample(
        generator_mib=_pss_mib(ours[0].pid),
        reloader_mib=_pss_mib(ours[1].pid),
        nginx_mib=sum(_pss_mib(p.pid) for p in nginx),
        workers=sum("shutting down" not in p.command for p in workers),
        draining=sum("shutting down" in p.command for p in workers),
        descriptors=sum(_entries(Path(f"/proc/{p.pid}/fd")) for p in ours),
        threads=sum(_entries(Path(f"/proc/{p.pid}/task")) for p in ours),
        files=sum(path.is_file() for path in scene.volume.rglob("*")),
        log_kib=pair.log.stat().st_size / 1024,
    )


def _pss_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended since
        return 0
    return int(next(line.split()[1] for line in lines if line.startswith("Pss:"))) / 1024


def _entries(folder: Path) -> int:
    return len(list(folder.iterdir()))


def _print_table(samples: dict[int, Sample], took_s: float, reloads: int) -> None:
    print(f"\n{CHANGES:,} changes in {took_s:,.0f} s, {reloads:,} reloads, {HOSTS} hosts")
    names = [field.name for field in fields(Sample)]
    print(f"{'changes':>8}", *(f"{name:>14}" for name in names))
    numbers = sorted(samples)
    for number in sorted({numbers[len(numbers) * n // 10] for n in range(10)} | {numbers[-1]}):
        values = astuple(samples[number])
        print(f"{number:>8,}", *(f"{value:>14,.1f}" for value in values))
    growth = samples[numbers[-1]].log_kib - samples[0].log_kib
    print(f"log: {growth / CHANGES:.2f} KiB a change")
    print(json.dumps({"changes": CHANGES, "reloads": reloads, "took_s": round(took_s)}))


def _plot(samples: dict[int, Sample]) -> str:
    numbers = sorted(samples)
    rows = [asdict(samples[number]) for number in numbers]
    titles = {
        "generator_mib": "generator, MiB (PSS)",
        "reloader_mib": "reloader, MiB (PSS)",
        "nginx_mib": "nginx with all workers, MiB",
        "draining": "workers that drain",
        "workers": "workers that take clients",
        "descriptors": "descriptors, all three",
        "threads": "threads, all three",
        "files": "files on the volume",
        "log_kib": "log, KiB in all",
    }
    series = {title: [row[name] for row in rows] for name, title in titles.items()}
    title = f"{CHANGES:,} changes, {A_SECOND} a second, {HOSTS} hosts, idle clients"
    return panels(title, "changes", numbers, series)


def _assert_flat(samples: dict[int, Sample]) -> None:
    """From a quarter of the run on nothing grows by more than a fifth, but the log."""
    numbers = sorted(samples)
    early = [samples[n] for n in numbers[len(numbers) // 4 : len(numbers) // 2]]
    late = [samples[n] for n in numbers[len(numbers) * 3 // 4 :]]
    for field in fields(Sample):
        if field.name != "log_kib":
            before, after = (max(getattr(s, field.name) for s in some) for some in (early, late))
            assert after <= 1.2 * before + 2, f"{field.name}: {before} became {after}"
