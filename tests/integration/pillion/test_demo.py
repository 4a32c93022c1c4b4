"""`make demo`, as its user sees it."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[3] / "examples" / "demo.py"


def demo(**options):
    return subprocess.run(
        [sys.executable, str(DEMO), "--once"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        **options,
    )


def test_the_demo_shows_its_answers_and_ends():
    ended = demo()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("$ curl http://127.0.0.1:") == 4
    assert ended.stdout.count("default backend - 404") == 2
    assert "real path=/bar" in ended.stdout


def test_a_demo_that_does_not_serve_says_so_and_keeps_its_log(tmp_path):
    (tmp_path / "pillion").mkdir()
    (tmp_path / "pillion" / "__init__.py").touch()
    (tmp_path / "pillion" / "__main__.py").write_text("raise SystemExit('no nginx here')")

    ended = demo(cwd=tmp_path, env={"TMPDIR": str(tmp_path)})

    assert ended.returncode == 1
    assert ended.stderr == "demo: it does not serve; the log ends:\nno nginx here\n"
    assert [log.read_text() for log in tmp_path.glob("*/pillion.log")] == ["no nginx here\n"]
