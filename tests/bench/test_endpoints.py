"""Endpoints with a reload and without, side by side, on one nginx that has Lua.

Prints tables; asserts nothing but that no request is lost. Static is the same nginx whose
templates lack the parts for Lua. Throughput is told as the processor's time that nginx's
workers take for a request, since a client written in Python would be measured otherwise.
"""

import os
import subprocess
import time
from pathlib import Path
from statistics import median

import pytest
from msgspec.structs import replace

from generator.model import Pool, Protocol, Proxy
from generator.nginx.capabilities import Capabilities
from generator.nginx.render import Memo, render
from generator.nginx.template_files import built_in
from reloader.check import Nginx, ask_build
from reloader.contract import Endpoints, Volume
from reloader.lua import find_lua
from tests.drivers import models
from tests.drivers.ingresses import ingress, rule
from tests.drivers.keepalive_clients import Clients
from tests.drivers.served_folder import Site
from tests.lab import lua_nginx
from tests.lab.backend import Backend
from tests.lab.errors import LabError
from tests.lab.objects import endpoint_slice, service
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

SERVICES = (1_000, 5_000, 10_000)
ROLLOUTS = 100
EVERY_S = 0.6
"""100 a minute."""
DIRECTIVES = "user root;" if os.geteuid() == 0 else ""


@pytest.fixture(scope="module")
def lua() -> str:
    try:
        return lua_nginx.find()
    except LabError as error:
        return pytest.skip(f"no nginx with Lua: {error}")


# --- what many Services cost ------------------------------------------------------------------


@pytest.mark.parametrize("count", SERVICES)
@pytest.mark.timeout(600)
def test_many_services(count, lua, tmp_path):
    for name, takes in (("static", False), ("dynamic", True)):
        folder = tmp_path / name
        volume = Volume(folder)
        for each in (volume.files, volume.live.parent, folder / "temp", volume.pid.parent):
            each.mkdir(parents=True)
        rendering, files = _many(count, lua, volume, takes=takes)
        for file in files:
            (volume.files / file.digest).write_bytes(file.content)
        body = rendering.body(1)
        volume.live.write_bytes(body)
        lines = "".join(f"{n}{line}\n" for n, line in rendering.endpoints.items())
        volume.live_endpoints.write_bytes(Endpoints.of(1, lines.encode()).encode())
        checks = [_timed_check(lua, volume) for _ in range(3)]
        master, worker = _memory(lua, volume)
        print(
            f"{count:6,} Services {name:8}: nginx.conf {len(body) / 1e6:5.1f} MB, "
            f"nginx -t {median(checks):7,.0f} ms, "
            f"master {master:4.0f} MiB, worker {worker:4.0f} MiB"
        )


def _many(count, lua, volume, *, takes):
    nginx = Nginx(lua, DIRECTIVES, volume.root, 60)
    build = ask_build(nginx)
    found = find_lua(nginx, build)
    capabilities = Capabilities.of(
        build.version, build.modules, lua=takes, lua_modules=found.modules if takes else ()
    )
    upstreams = [
        replace(
            models.upstream(f"svc-{n}", *((f"10.{n >> 8}.{n & 255}.{e}", 8080) for e in (1, 2, 3))),
            pool=Pool(f"ns-{n % 50}", Protocol.HTTP),
        )
        for n in range(count)
    ]
    hosts = [
        models.server(f"host-{n}.test", models.location("/", Proxy(upstream=u.name, pool=u.pool)))
        for n, u in enumerate(upstreams)
    ]
    model = models.model(*hosts, upstreams=sorted(upstreams, key=lambda u: u.name))
    surroundings = models.surroundings(
        volume.root,
        capabilities=capabilities,
        http_port=free_port(),
        https_port=free_port(),
        status_port=free_port(),
        workers=1,
    )
    rendering = render(model, surroundings, built_in(), Memo())
    return rendering, (*model.files(), *rendering.programs)


def _command(lua: str, volume: Volume) -> list[str]:
    return [lua, "-c", str(volume.live), "-p", str(volume.root), "-e", "stderr"]


def _timed_check(lua: str, volume: Volume) -> float:
    began = time.monotonic()
    command = [*_command(lua, volume), "-t", "-q", *(["-g", DIRECTIVES] if DIRECTIVES else [])]
    subprocess.run(command, check=True, capture_output=True)
    return (time.monotonic() - began) * 1000


def _memory(lua: str, volume: Volume) -> tuple[float, float]:
    """MiB that master and worker have for themselves or share, as PSS."""
    command = [*_command(lua, volume), "-g", f"daemon off; {DIRECTIVES}"]
    process = Process.start("nginx", command, volume.root / "log")
    try:
        worker = eventually(lambda: _worker(process.popen.pid), within_s=60)
        time.sleep(1)
        return _pss(str(process.popen.pid)), _pss(worker)
    finally:
        process.popen.terminate()
        process.popen.wait()


def _worker(master: int) -> str:
    """The pid of its worker; empty while it has none, but what starts it."""
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"nginx: worker"):
            return pid
    return ""


def _pss(pid: str) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024


# --- what a request costs -------------------------------------------------------------------


@pytest.mark.parametrize("way", ["static", "dynamic"])
def test_requests(way, lua, tmp_path):
    with _site(way, lua, tmp_path) as site, Backend("a", "127.0.0.21") as a:
        site.write(_things(a))
        before = _workers_ms(site)
        with Clients(site.pair.http_port, "shop.test", idle_s=0).running() as tally:
            time.sleep(10)
        spent = _workers_ms(site) - before
    print(
        f"{way:8}: {1000 * spent / tally.answered:.0f} us of the processor a request, "
        f"of {tally.answered:,}"
    )
    assert tally.failures == []


def _site(way: str, lua: str, scratch: Path) -> Site:
    flags = [f"--nginx-bin={lua}"]
    if way == "static":
        flags.append(f"--template-dir={_without_lua(scratch)}")
    (scratch / "site").mkdir()
    return Site(scratch / "site", *flags)


# --- what a rollout costs ---------------------------------------------------------------------


@pytest.mark.parametrize("way", ["static", "dynamic"])
@pytest.mark.timeout(600)
def test_rollouts(way, lua, tmp_path):
    port = free_port()
    with (
        _site(way, lua, tmp_path) as site,
        Backend("a", "127.0.0.21", port) as a,
        Backend("b", "127.0.0.22", port) as b,
    ):
        site.write(_things(a))
        times = []
        with Clients(site.pair.http_port, "shop.test").running() as tally:
            for number in range(ROLLOUTS):
                began = time.monotonic()
                to = b if number % 2 == 0 else a
                site.rewrite(_things(to))
                eventually(
                    lambda: site.web.ask("http://shop.test/").echo["backend"] == to.name,  # noqa: B023
                    every_s=0.002,
                )
                times.append((time.monotonic() - began) * 1000)
                time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
        reloads = len(site.pair.logs("config.applied"))
    times.sort()
    print(
        f"{way:8}: file to first new answer: median {median(times):4.0f} ms, "
        f"p95 {times[int(0.95 * len(times))]:4.0f} ms; {reloads} wishes; "
        f"{tally.answered:,} requests of kept clients, {len(tally.failures)} lost"
    )
    assert tally.failures == []


def _things(*pods: Backend) -> list[dict]:
    shop = ingress(rule("shop.test", ("Prefix", "/", "shop")))
    return [shop, service("shop"), endpoint_slice("shop", *pods)]


def _without_lua(folder: Path) -> Path:
    """A folder whose http.j2 lacks the parts for endpoints, as one of a release before."""
    templates = folder / "templates"
    templates.mkdir()
    text = built_in().templates["http.j2"].text.replace("endpoints.program", "endpoints['program']")
    (templates / "http.j2").write_text(text)
    return templates


def _workers_ms(site: Site) -> float:
    """Processor's time of the workers that run now, in milliseconds."""
    master = site.pair.process("nginx").pid
    pids = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")
