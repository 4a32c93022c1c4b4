import json
import subprocess
import sys

PROGRAM = """
import logging, threading
from reloader import logs
logs.configure("reloader")
logging.getLogger("asyncio").warning("slow %s", "callback")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
1 / 0
"""


def test_libraries_and_crashes_speak_json_too():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "library.logged",
        "program.crashed",
        "program.crashed",
    ]
    assert {line["component"] for line in lines} == {"reloader"}
    assert (lines[0]["logger"], lines[0]["message"]) == ("asyncio", "slow callback")
    assert all("ZeroDivisionError" in line["exception"] for line in lines[1:])
