"""Promise F on a real apiserver: start, change and memory with many Ingresses.

Prints a table; asserts nothing but that all is served. `PILLION_BENCH_INGRESSES` says
how many, 1,000 unless told. The floor is what nginx alone takes on this machine, for
the same configuration, in the same run: `nginx -t`, HUP, a new worker answers.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from reloader.contract import Status, Volume, Wish, read_or_none, write_atomically
from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import Child
from tests.drivers.web import Web
from tests.lab.backend import Backend
from tests.lab.objects import publish
from tests.lab.waiting import eventually

INGRESSES = int(os.environ.get("PILLION_BENCH_INGRESSES", "1000"))
CHANGES = 20


def test_many_ingresses(control_plane, start_pair, make_class):
    shop = control_plane.create_namespace("bench")
    with Backend("echo", "10.77.9.1") as echo, make_class("bench"):
        publish(shop, "echo", echo)
        shop.create_many(_ingress(f"host-{n}") for n in range(INGRESSES))
        began = time.monotonic()
        with start_pair() as pair:
            _until_served(pair, f"host-{INGRESSES - 1}")
            started = _ms_since(began)
            measured = [(_change(pair, shop, n), _floor(pair)) for n in range(CHANGES)]
            memory = _resident_mib(pair.process("generator").pid)
            stages = _stages(pair.logs("config.applied")[-CHANGES:])
    _print_table(started, *zip(*measured, strict=True), memory)
    print("of a change, by stage:", ", ".join(f"{k} {v:,.0f}" for k, v in stages.items()), "ms")


def _ingress(name: str) -> dict:
    rules = rule(f"{name}.bench.test", ("Prefix", "/", "echo"))
    return ingress(rules, name=name, ingressClassName="bench")


@dataclass(frozen=True)
class Change:
    """Milliseconds from just before the apiserver is told."""

    served: float
    """Until the first request gets the new answer."""
    everywhere: float
    """Until every worker of nginx is new."""


def _change(pair, shop, number: int) -> Change:
    name = f"change-{number}"
    began = time.monotonic()
    shop.create(_ingress(name))
    _until_served(pair, name)
    served = _ms_since(began)
    host = f"{name}.bench.test".encode()
    eventually(lambda: host in _serving(Volume(pair.volume)), every_s=0.002)
    return Change(served, _ms_since(began))


def _until_served(pair, name: str) -> None:
    web, url = Web(pair.http_port), f"http://{name}.bench.test/"
    eventually(lambda: web.status(url) == 200, within_s=60, every_s=0.005)


def _serving(volume: Volume) -> bytes:
    """The configuration that all workers have; empty while one is on its way."""
    status = read_or_none(volume.status, Status.parse)
    live = read_or_none(volume.live, Wish.parse)
    return live.body if status and live and status.serving == live.generation else b""


@dataclass(frozen=True)
class Floor:
    """Milliseconds that nginx takes by itself."""

    check: float
    """`nginx -t`."""
    reload: float
    """From HUP to an answer of a new worker."""


def _floor(pair) -> Floor:
    """The pair holds still; nginx gets what it has, with another number to tell it by."""
    nginx, live = pair.process("nginx"), Volume(pair.volume).live
    others = [pair.process(name) for name in ("generator", "reloader")]
    for other in others:
        other.send_signal(signal.SIGSTOP)
    before = live.read_bytes()
    try:
        number = Wish.parse(before).generation
        marked = before.replace(
            f"return 200 {number};".encode(), f"return 200 {number}000;".encode()
        )
        write_atomically(live, marked)
        check = [Path(f"/proc/{nginx.pid}/exe").resolve(), "-t", "-q", "-c", live]
        return Floor(
            _ms_of(lambda: subprocess.run(check, check=True, stderr=subprocess.DEVNULL)),
            _ms_of(lambda: _reload(pair, nginx, f"{number}000".encode())),
        )
    finally:
        write_atomically(live, before)
        for other in others:
            other.send_signal(signal.SIGCONT)


def _reload(pair, nginx: Child, number: bytes) -> None:
    status = Web(pair.status_port)
    nginx.send_signal(signal.SIGHUP)
    eventually(lambda: status.ask("http://status/generation").body == number, every_s=0.002)


def _stages(applied: list[dict]) -> dict[str, float]:
    """The median of each duration that the generator tells of a change; it slept after the last."""
    names = [name for name in applied[0] if name.endswith("_ms") and name != "total_ms"]
    return {name.removesuffix("_ms"): median(line[name] for line in applied) for name in names}


def _print_table(
    started: float, changes: tuple[Change, ...], floors: tuple[Floor, ...], memory: float
) -> None:
    served, everywhere = median(c.served for c in changes), median(c.everywhere for c in changes)
    check, reload = median(f.check for f in floors), median(f.reload for f in floors)
    floor = check + reload
    rows = [
        ("start until the last Ingress is served", f"{started:,.0f} ms", ""),
        (
            f"a change, first answer (median of {CHANGES})",
            f"{served:,.0f} ms",
            f"{served / floor:.1f}",
        ),
        ("a change, every worker new", f"{everywhere:,.0f} ms", f"{everywhere / floor:.1f}"),
        ("nginx alone: -t", f"{check:,.0f} ms", ""),
        ("nginx alone: HUP until a new worker answers", f"{reload:,.0f} ms", ""),
        ("nginx alone, together", f"{floor:,.0f} ms", "1.0"),
        ("generator, resident memory", f"{memory:,.0f} MiB", ""),
    ]
    print(f"\n{INGRESSES:,} Ingresses, {os.cpu_count()} cores{'':>22}{'x nginx alone':>26}")
    for what, value, ratio in rows:
        print(f"{what:<46}{value:>12}{ratio:>14}")


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def _ms_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return _ms_since(began)


def _ms_since(began: float) -> float:
    return (time.monotonic() - began) * 1000
