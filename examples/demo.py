# ruff: noqa: INP001 - a script, not a package
"""The seed scenario on this machine: two backends, the pair and nginx, as processes.

Copies examples/seed to a temporary folder, serves it with `pillion up`, asks as the
printed curl commands do, edits a manifest live and asks again. Then it stays up until
Ctrl-C; with `--once` it ends, with 1 where an answer was not the expected one.
"""

import argparse
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
HOST = "k8s.meiqia.com"
SEED_PORTS = {"echo": 18080, "default": 18081}
"""Where the manifests say that the backends listen."""
START_WITHIN_S = 30
SERVED_WITHIN_S = 10
NEW_PATH = """\
      - path: /bar
        backend:
          serviceName: echoheaders-default
          servicePort: 80
"""


class DemoFailed(Exception):
    """Something is not as the demo shows it."""


def main() -> int:
    """Run the demo; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end by itself, as a test")
    once = parser.parse_args().once
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as running:
            demo(running, once=once)
    except DemoFailed as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0 if not once else 130
    return 0


def demo(running: ExitStack, *, once: bool) -> None:
    """Start everything, show it, and wait."""
    folder = Path(tempfile.mkdtemp(prefix="pillion-demo-"))
    running.push(lambda kind, *_: keep_after_failure(folder, kind))
    manifests, log = folder / "manifests", folder / "pillion.log"
    ports = free_ports(
        echo=18080, default=18081, http=8080, https=8443, status=10246, healthz=10254
    )
    copy_seed(manifests, ports)
    for name in SEED_PORTS:
        command = [sys.executable, str(HERE / "backends.py"), name, str(ports[name])]
        running.enter_context(process(command, log))
    pair = running.enter_context(process(pillion_up(folder, manifests, ports), log))

    say("The seed scenario, served from a folder on this machine.\n")
    say(f"  Service echoheaders-default     127.0.0.1:{ports['echo']}")
    say(f"  Service default-http-backend    127.0.0.1:{ports['default']}")
    say(f"  manifests                       {manifests}")
    say(f"  log                             {log}\n")

    wait_until(lambda: applied(log) > 0, START_WITHIN_S, pair, log)
    shown(f"http://127.0.0.1:{ports['http']}/foo", HOST, expected="real path=/foo")
    shown(f"http://127.0.0.1:{ports['http']}/other", HOST, expected="default backend - 404")
    shown(f"http://127.0.0.1:{ports['http']}/foo", "", expected="default backend - 404")

    say(f"Now the path /bar is added to {manifests / 'echomap.yaml'}.\n")
    before, edited = applied(log), time.monotonic()
    add_path(manifests / "echomap.yaml")
    wait_until(lambda: applied(log) > before, SERVED_WITHIN_S, pair, log)
    say(f"Every worker of nginx serves it after {(time.monotonic() - edited) * 1000:.0f} ms.\n")
    shown(f"http://127.0.0.1:{ports['http']}/bar", HOST, expected="real path=/bar")

    if not once:
        say("It stays up: edit the manifests and ask again. Ctrl-C ends it.")
        pair.wait()
        raise DemoFailed(f"pillion up ended by itself; see {log}")


def keep_after_failure(folder: Path, kind: type[BaseException] | None) -> None:
    """Leave the log to whoever wants to know why; give nothing, which would end the failure."""
    if kind is not DemoFailed:
        shutil.rmtree(folder)


# --- what is started --------------------------------------------------------------------------


def pillion_up(folder: Path, manifests: Path, ports: dict[str, int]) -> list[str]:
    """Return the command that serves the folder."""
    flags = [f"--{name}-port={ports[name]}" for name in ("http", "https", "status", "healthz")]
    return [
        *(sys.executable, "-m", "pillion", "up"),
        f"--manifests={manifests}",
        f"--volume={folder / 'volume'}",
        "--default-backend-service=default/default-http-backend",
        *flags,
    ]


@contextmanager
def process(command: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program until the block ends; Ctrl-C reaches us alone, and we end it."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def free_ports(**wanted: int) -> dict[str, int]:
    """Take each wanted port if it is free, else one that the kernel gives."""
    return {name: port if is_free(port) else any_port() for name, port in wanted.items()}


def is_free(port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def any_port() -> int:
    """Let the kernel choose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the manifests ----------------------------------------------------------------------------


def copy_seed(manifests: Path, ports: dict[str, int]) -> None:
    """Copy the manifests, with the ports that the backends have."""
    shutil.copytree(HERE / "seed", manifests)
    for file in manifests.iterdir():
        text = file.read_text()
        for name, port in SEED_PORTS.items():
            text = text.replace(f"ort: {port}\n", f"ort: {ports[name]}\n")
        file.write_text(text)


def add_path(file: Path) -> None:
    """Edit a manifest as an editor does: write beside it, rename."""
    edited = file.with_suffix(".tmp")
    edited.write_text(file.read_text() + NEW_PATH)
    edited.replace(file)


# --- what is asked ----------------------------------------------------------------------------


def shown(url: str, host: str, *, expected: str) -> None:
    """Print a curl command and its answer."""
    header = ["-H", f"Host: {host}"] if host else []
    say(f"$ curl {url}" + (f" -H 'Host: {host}'" if host else ""))
    if shutil.which("curl"):
        command = ["curl", "--silent", "--show-error", "--max-time", "10", url, *header]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        text = answer.stdout + answer.stderr
    else:
        text = body(url, host)
    say("".join(f"  {line}\n" for line in text.splitlines()))
    if expected not in text:
        raise DemoFailed(f'"{expected}" was expected.')


def body(url: str, host: str) -> str:
    """Ask as curl would, where there is none."""
    address, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", f"/{path}", headers={"Host": host or address})
    return connection.getresponse().read().decode()


def applied(log: Path) -> int:
    """Count the configurations that every worker of nginx has come to serve."""
    return log.read_text(errors="replace").count('"event": "config.applied"')


def wait_until(
    condition: Callable[[], bool], within_s: float, pair: "subprocess.Popen[bytes]", log: Path
) -> None:
    """Wait for a condition, as long as the pair runs."""
    deadline = time.monotonic() + within_s
    while not condition():
        if pair.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").splitlines()[-3:]
            raise DemoFailed("\n".join(["it does not serve; the log ends:", *last]))
        time.sleep(0.01)


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
