"""What stands in the way is one line, and nothing has started."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.drivers.pair import COMMAND, Pair
from tests.lab.waiting import eventually

AWAY = """
current-context: away
contexts: [{name: away, context: {cluster: away, user: me}}]
clusters: [{name: away, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: any}}]
"""


def told(*arguments: str, **environment: str) -> str:
    """The one line on stderr of a `pillion` that ends by itself."""
    ended = subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=os.environ | environment,
    )
    assert ended.returncode in {1, 2}
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.partition(": ")[2].rstrip("\n")


@pytest.fixture
def refused(pair):
    """The line with which `pillion up` with this pair's flags, and these, is refused."""

    def of(*flags: str) -> str:
        return told(*pair.command[1:], *flags)

    return of


@pytest.mark.parametrize("name", ["http", "https", "status"])
def test_a_port_in_use(pair, refused, name):
    with socket.create_server(("127.0.0.1", getattr(pair, f"{name}_port"))):
        line = refused()
    assert line.startswith(f"Port {getattr(pair, f'{name}_port')} (--{name}-port) is in use")
    assert line.endswith(f"or give another port by --{name}-port.")


def test_a_port_for_probes_in_use(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--probe-port", str(port)).startswith(f"Port {port} (--probe-port) is in")


def test_a_volume_in_use(pair, shop, tmp_path):
    with pair:
        other = Pair(tmp_path / "other", ["--manifests", shop.folder, "--volume", pair.volume])
        assert told(*other.command[1:]).startswith(f"--volume {pair.volume} is in use by another")


def test_a_volume_that_is_a_file(refused, tmp_path):
    (tmp_path / "file").touch()
    line = refused("--volume", str(tmp_path / "file"))
    assert line == f"--volume {tmp_path}/file is not a folder. Give one that is, or a new one."


def test_a_volume_that_cannot_be_written(refused):
    assert refused("--volume", "/proc/pillion").startswith("--volume /proc/pillion cannot be writ")


def test_an_nginx_that_still_runs_on_the_volume(pair):
    with pair:
        title = pair.process("nginx").command
    command = title.removeprefix("nginx: master process ").partition(" -g ")[0]
    with subprocess.Popen([*command.split(), "-g", "daemon off;"]) as nginx:
        eventually(lambda: pair.readyz() == 200)
        try:
            line = told(*pair.command[1:])
        finally:
            nginx.terminate()
    assert line.startswith(
        f"An nginx already runs on --volume {pair.volume}, as process {nginx.pid}"
    )


def test_an_nginx_that_is_too_old(refused, tmp_path):
    old = tmp_path / "nginx"
    old.write_text("#!/bin/sh\necho 'nginx version: nginx/1.18.0' >&2\n")
    old.chmod(0o755)
    assert "it is 1.18.0; 1.27.4 is the oldest" in refused("--nginx-bin", str(old))


def test_what_is_told_of_a_cluster_is_no_part_of_what_is_rendered(tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(AWAY)
    command = [COMMAND, "render", "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as render:
        told = json.loads(render.stderr.readline())
        render.terminate()
        assert (told["event"], render.stdout.read()) == ("cluster.unreachable", b"")


def test_an_nginx_in_the_folder_that_we_are_in_is_found(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("#!/bin/sh\necho 'nginx version: nginx/1.18.0' >&2\n")
    Path("mine").chmod(0o755)
    assert "it is 1.18.0;" in refused("--nginx-bin", "./mine")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["up"], "There is no source of Ingresses. Name a folder with --manifests DIR"),
        (["up", "--manifests", "/nowhere"], "--manifests /nowhere does not exist."),
        (["up", "--kubeconfig", "/nowhere"], "--kubeconfig /nowhere does not exist."),
        (["up", "--kubconfig", "x"], "There is no flag --kubconfig. Did you mean --kubeconfig?"),
        (["upp"], "No such command 'upp'."),
    ],
)
def test_a_command_line_that_is_not_right(arguments, line):
    assert told(*arguments, KUBECONFIG="").startswith(line)
