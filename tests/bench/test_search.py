"""How long innocents wait beside a culprit that nginx refuses without naming a place.

`PILLION_BENCH_INGRESSES` says how many come with it, 5,000 unless told. Prints one line each
for a running pair and for a new one.
"""

import json
import os
import time

import pytest

from tests.drivers.ingresses import ingress, ingress_class, rule
from tests.drivers.pair import Pair
from tests.drivers.strict_nginx import RefusingNginx
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, service
from tests.lab.waiting import eventually

INGRESSES = int(os.environ.get("PILLION_BENCH_INGRESSES", "5000"))
POISON = "proxy_read_timeout 4343s"


def _shop(name, timeout="60"):
    rules = rule(f"{name}.test", ("Prefix", "/", "echo"))
    return ingress(rules, name=name, annotations={"proxy-read-timeout": timeout})


@pytest.mark.parametrize("is_new", [False, True], ids=["running", "new"])
def test_a_culprit_without_a_place(is_new, tmp_path):
    nginx = RefusingNginx(tmp_path / "nginx")
    nginx.refuses(silently=(POISON,))
    folder = tmp_path / "manifests"
    folder.mkdir()
    things = [_shop(f"shop-{n}", "4343" if n == INGRESSES // 3 else "60") for n in range(INGRESSES)]
    pair = Pair(
        tmp_path / "pair",
        [f"--manifests={folder}", f"--nginx-bin={nginx.program}"],
        ready_within_s=120,
    )
    with Backend("echo", "127.0.0.1") as backend:
        published = service("echo"), endpoint_slice("echo", backend)
        _write(folder, "base", [ingress_class("nginx", default=True), *published])
        if is_new:
            _write(folder, "shops", things)
        began = time.monotonic()
        with pair:
            if not is_new:
                _write(folder, "shops", things)
                began = time.monotonic()
            last = f"shop-{INGRESSES - 1}.test"
            eventually(lambda: pair.get(last).status == 200, within_s=120)
            took_s = time.monotonic() - began
            assert pair.get(f"shop-{INGRESSES // 3}.test").status == 503
            reloads = len(pair.logs("reload.applied"))
    kind = "new" if is_new else "running"
    print(f"\n{kind}: {took_s:.1f} s, {reloads} reloads, {nginx.checks} checks")


def _write(folder, name, things):
    scratch = folder.with_name("scratch.yaml")
    scratch.write_text("\n---\n".join(map(json.dumps, things)))
    scratch.rename(folder / f"{name}.yaml")
