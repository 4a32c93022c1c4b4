"""Processes that bear nginx's titles: `sleep` under another name."""

import shutil
import subprocess

import pytest


@pytest.fixture
def start():
    """Starts one with this title, and returns its pid."""
    started = []

    def start(title):
        process = subprocess.Popen([title, "60"], executable=shutil.which("sleep"))
        started.append(process)
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()
