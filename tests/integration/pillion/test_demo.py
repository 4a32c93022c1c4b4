"""`make demo`, as its user sees it."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[3] / "examples" / "demo.py"


def test_the_demo_shows_its_answers_and_ends():
    ended = subprocess.run(
        [sys.executable, str(DEMO), "--once"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("$ curl http://127.0.0.1:") == 4
    assert ended.stdout.count("default backend - 404") == 2
    assert "real path=/bar" in ended.stdout
