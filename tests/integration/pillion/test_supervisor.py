"""Programs that leave processes behind, as a killed master of nginx leaves its workers."""

import asyncio
import io
import signal
import sys

from pillion.log_relay import Sink
from pillion.supervisor import Program, Supervisor
from tests.lab.ports import free_port

LEAVES_A_DEAF_CHILD = """
import os, signal, socket, sys, time
port = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if os.fork():
    os.kill(os.getpid(), signal.SIGKILL)
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
open(sys.argv[2], "a").write("held ")
time.sleep(60)
"""


def test_what_is_left_behind_and_hears_nothing_keeps_the_next_off_its_port_only_once(tmp_path):
    """The second start ends since the port is held; the third has it."""
    told = tmp_path / "told"
    command = [sys.executable, "-c", LEAVES_A_DEAF_CHILD, str(free_port()), str(told)]
    program = Program(name="holder", command=command, gentle=signal.SIGQUIT)
    asyncio.run(_until_held(Supervisor([program], Sink(io.BytesIO())), told, times=2))


async def _until_held(supervisor: Supervisor, told, times: int) -> None:
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(10):
        while not told.exists() or told.read_text().count("held") < times:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    supervisor.stop()
    await running
