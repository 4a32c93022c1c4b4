"""Nobody holds the loop: how long probes and an innocent change wait beside what is large.

A row for each: the answers of `/healthz`, and how long changes of an innocent tenant take that
come while the pair is busy with it. Beside them the answers of a program that does nothing but
answer, in the same run: what the machine alone makes a probe wait, which has a kube-apiserver
and nginx's checks to do as well. `PILLION_BENCH_INGRESSES` says how many there are beside the
pods that come and go.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import pytest

from tests.drivers.fault_scene import Scene
from tests.drivers.ingresses import ingress, rule
from tests.drivers.pair import Pair
from tests.drivers.web import Web
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, publish
from tests.lab.ports import free_port
from tests.lab.waiting import eventually

INGRESSES = int(os.environ.get("PILLION_BENCH_INGRESSES", "5000"))
NEWCOMERS = 8
PATIENCE_S = 240
_EACH_S = 0.02
IDLE = """
import asyncio, sys
from generator.probes import serve
async def main():
    await serve(int(sys.argv[1]), lambda: True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
_turns = count()


@dataclass
class Seen:
    """What was measured beside something, in milliseconds."""

    answers: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    """Answers of the program that does nothing else."""
    changes: list[float] = field(default_factory=list)


def slashes(number: int) -> dict:
    """5,000 paths of one host, half of them exact, in an Ingress of its own."""
    kinds = ("Exact", "Prefix")
    paths = [(kinds[n % 2], f"/{number}/{n // 2}/", "echo") for n in range(5000)]
    return ingress(rule("large.test", *paths), name=f"large-{number}")


def unknown_annotations(scene: Scene) -> None:
    annotations = {f"proxy-body-sizes-{n}": "1" for n in range(3400)}
    shop = rule("shop.test", ("Prefix", "/", "echo"))
    scene.write("unknown", ingress(shop, name="unknown", annotations=annotations))


def a_long_comment(scene: Scene) -> None:
    text = "# a comment\n" * 1000 + json.dumps(ingress(rule("c.test", ("Prefix", "/", "echo"))))
    (scene.manifests / "comment.yaml").write_text(text)


def _problematic(n: int) -> dict:
    paths = [("Exact", f"/{path}", f"none-{n}-{path}") for path in range(10)]
    return ingress(rule(f"p{n}.test", *paths), name=f"p{n}")


def ten_thousand_problems(scene: Scene) -> None:
    scene.write("problems", *(_problematic(n) for n in range(1000)))


def the_same_solved(scene: Scene) -> None:
    scene.write("problems")


def a_dump_of_24_mb(scene: Scene) -> None:
    (scene.manifests / "dump.yaml").write_text(dump())


def dump() -> str:
    """`kubectl get ingresses,services,secrets,configmaps -o yaml`, releases of helm among them."""
    release = b64encode(os.urandom(600_000)).decode()
    items = [
        f"- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: sh.helm.release.v1.a.v{n}\n"
        f"    namespace: default\n  type: helm.sh/release.v1\n  data:\n    release: {release}\n"
        for n in range(28)
    ]
    for n in range(400):
        of_shop = ingress(rule(f"d{n}.test", ("Prefix", "/", "echo")), name=f"d{n}")
        items.append(f"- {json.dumps(of_shop)}\n")
        data = "".join(f"    key-{k}: {'x' * 60}\n" for k in range(25))
        items.append(
            f"- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: c{n}\n  data:\n{data}"
        )
    return "apiVersion: v1\nkind: List\nitems:\n" + "".join(items)


STEPS = [
    [unknown_annotations],
    [a_long_comment],
    [ten_thousand_problems, the_same_solved, ten_thousand_problems],
    [a_dump_of_24_mb],
]


@pytest.mark.parametrize("steps", STEPS, ids=lambda steps: steps[0].__name__)
def test_beside(steps, tmp_path):
    with Scene(tmp_path) as scene:
        for step in steps:
            with _probing(scene.pair) as seen:
                step(scene)
                _measure(scene.pair, scene.newcomer, seen)
            _print(step.__name__.replace("_", " "), seen)


def test_beside_a_cluster(control_plane, start_pair, make_class):
    """Pods of a Service that nobody names come and go, then of one that an Ingress names."""
    shop = control_plane.create_namespace("beside")
    with Backend("echo", "10.77.9.1") as echo, make_class("beside"):
        publish(shop, "echo", echo)
        shop.create_many(_of_class(f"host-{n}") for n in range(INGRESSES))
        with start_pair() as pair, Backend("other", "10.77.9.2") as other:
            eventually(
                lambda: pair.get(f"host-{INGRESSES - 1}.test").status == 200, within_s=PATIENCE_S
            )
            time.sleep(3)
            for name in ("unread", "named"):
                publish(shop, name, other)
            shop.create(_of_class("named", "named"))
            newcomers = count()

            def newcomer() -> str:
                host = f"newcomer-{next(newcomers)}"
                shop.create(_of_class(host))
                return f"{host}.test"

            churns = {
                "nothing": lambda: None,
                "pods nobody names": lambda: _flip(shop, "unread", other),
                "pods of an Ingress": lambda: _flip(shop, "named", other),
            }
            for what, flip in churns.items():
                with _probing(pair) as seen, _again_and_again(flip):
                    _measure(pair, newcomer, seen)
                _print(f"{INGRESSES:,} Ingresses, {what}", seen)
            _problems_in_a_cluster(pair, shop, newcomer)
            _large(pair, shop, newcomer)


def _large(pair: Pair, shop, newcomer: Callable[[], str]) -> None:
    """5,000 paths an Ingress: first a host of 20,000 paths, then one of 40,000."""
    for paths, numbers in ((20_000, range(4)), (40_000, range(4, 8))):
        with _probing(pair) as seen:
            for number in numbers:
                shop.create(_classy(slashes(number)))
            _measure(pair, newcomer, seen)
        _print(f"a host of {paths:,} paths", seen)


def _problems_in_a_cluster(pair: Pair, shop, newcomer: Callable[[], str]) -> None:
    """1,000 Ingresses with ten missing Services each: Events of 10,000 problems."""
    bad = [_classy(_problematic(n)) for n in range(1000)]

    def edited(class_name: str | None) -> None:
        with ThreadPoolExecutor(8) as pool:
            change = {"spec": {"ingressClassName": class_name}}
            list(pool.map(lambda n: shop.patch("Ingress", f"p{n}", change), range(1000)))

    happenings = {
        "come": lambda: shop.create_many(bad),
        "are solved": lambda: edited(None),
        "come again": lambda: edited("beside"),
    }
    for what, happens in happenings.items():
        with _probing(pair) as seen:
            happening = threading.Thread(target=happens)
            happening.start()
            _measure(pair, newcomer, seen)
            happening.join()
            time.sleep(3)
        _print(f"10,000 problems {what}", seen)


def _classy(thing: dict) -> dict:
    return thing | {"spec": thing["spec"] | {"ingressClassName": "beside"}}


def _measure(pair: Pair, newcomer: Callable[[], str], seen: Seen) -> None:
    for _ in range(NEWCOMERS):
        seen.changes.append(_served(pair, newcomer))
        time.sleep(0.3)


def _of_class(name: str, to: str = "echo") -> dict:
    return _classy(ingress(rule(f"{name}.test", ("Prefix", "/", to)), name=name))


def _flip(shop, name: str, backend: Backend) -> None:
    shop.apply(endpoint_slice(name, backend, ready=bool(next(_turns) % 2)))


@contextmanager
def _again_and_again(work: Callable[[], None], every_s: float = 0.1) -> Iterator[None]:
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_s):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _probing(pair: Pair) -> Iterator[Seen]:
    """Ask `/healthz` again and again, until the `with` ends."""
    seen, idle_port = Seen(), free_port()

    def ask() -> None:
        seen.answers.append(_answered(pair.healthz_port))
        seen.idle.append(_answered(idle_port))

    with subprocess.Popen([sys.executable, "-c", IDLE, str(idle_port)]) as idle:
        eventually(lambda: Web(idle_port).status("http://idle/healthz") == 200)
        with _again_and_again(ask, _EACH_S):
            yield seen
        idle.kill()


def _answered(port: int) -> float:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    return _ms_since(began)


def _served(pair: Pair, newcomer: Callable[[], str]) -> float:
    began = time.monotonic()
    host = newcomer()
    eventually(lambda: pair.get(host).status == 200, within_s=PATIENCE_S, every_s=0.01)
    return _ms_since(began)


def _print(what: str, seen: Seen) -> None:
    rows = {"healthz": seen.answers, "idle": seen.idle, "a change": seen.changes}
    print(f"\n{what}, ms")
    for name, found in rows.items():
        ordered = sorted(found)
        figures = {
            "longest": ordered[-1],
            "1 % take": ordered[len(ordered) * 99 // 100],
            "median": median(ordered),
        }
        print(f"{name:>12}", *(f"{of:>12} {ms:>7,.0f}" for of, ms in figures.items()))


def _ms_since(began: float) -> float:
    return (time.monotonic() - began) * 1000
