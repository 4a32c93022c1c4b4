"""The sandbox of a node: what is done in it ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.waiting import eventually

SANDBOX = [sys.executable, "-m", "tests.lab.sandbox", "--", "sh", "-c"]
CGROUPS = Path("/sys/fs/cgroup")
pytestmark = pytest.mark.skipif(
    subprocess.run([*SANDBOX, "true"], capture_output=True, check=False).returncode != 0,
    reason="a sandbox needs root, and a kernel that lets it make namespaces",
)


def run(script):
    return subprocess.run([*SANDBOX, script], capture_output=True, text=True, check=False)


def sleeping(mark):
    """The processes `sleep MARK`."""
    command = f"sleep\0{mark}\0"  # whole: a mark may begin with another
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if read(path) == command]


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def test_it_ends_as_its_command_does():
    assert run("exit 7").returncode == 7


def test_what_the_command_leaves_running_ends_with_it(tmp_path):
    mark = f"3600.{os.getpid()}1"
    run(f"setsid sleep {mark} & ip link add left0 type dummy; mount -t tmpfs tmpfs {tmp_path}")
    assert sleeping(mark) == []
    assert not Path("/sys/class/net/left0").exists()
    assert not tmp_path.is_mount()


def test_everything_ends_when_the_sandbox_itself_is_killed():
    mark = f"3600.{os.getpid()}2"
    sandbox = subprocess.Popen([*SANDBOX, f"sleep {mark}; true"])
    eventually(lambda: len(sleeping(mark)) == 1)
    sandbox.send_signal(signal.SIGKILL)
    sandbox.wait()
    eventually(lambda: sleeping(mark) == [])


def test_no_cgroup_is_left_and_that_of_a_killed_one_is_swept():
    run("true")
    assert not [
        folder
        for folder in CGROUPS.glob("*/pillion-node-*")
        if not Path("/proc", folder.name.rpartition("-")[2]).exists()
    ]


def test_the_machine_s_own_settings_and_files_stay():
    before = Path("/proc/sys/vm/overcommit_memory").read_text()
    done = run("echo 3 > /proc/sys/vm/overcommit_ratio; touch /var/lib/left /run/left")
    assert "Read-only" in done.stderr or "Permission" in done.stderr
    assert Path("/proc/sys/vm/overcommit_memory").read_text() == before
    assert not Path("/var/lib/left").exists()
    assert not Path("/run/left").exists()
