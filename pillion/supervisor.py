"""Runs processes as direct children, starts one that dies again, and ends them all.

Each child is the leader of a process group of its own: a Ctrl-C in the terminal
reaches us alone, and what a dead child leaves behind can still be ended. The kernel
ends the children when we die without a word.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from pillion.events import Event
from pillion.lines import Sink, Splitter, as_line

log = structlog.get_logger()

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1

_STEADY_S = 10.0
"""Who lives so long has recovered."""
_FORCE_S = 2.0
"""How long a process has from one signal of its end to the next."""


async def _at_once() -> None:
    """Wait for nothing."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program to keep running, and how it is ended."""

    name: str
    command: Sequence[str]
    first_wait_s: float = 0.1
    longest_wait_s: float = 10.0
    gentle: signal.Signals = signal.SIGTERM
    grace_s: float = 5.0
    """How long it may take to end after the gentle signal."""
    firm: signal.Signals = signal.SIGKILL
    orphaned: signal.Signals = signal.SIGKILL
    """What it gets when we die."""
    after: Callable[[], Awaitable[None]] = _at_once
    """What its start has to wait for."""


class Supervisor:
    """Keeps programs running until it is told to stop."""

    def __init__(self, programs: Sequence[Program], sink: Sink) -> None:
        self._programs = programs
        self._sink = sink
        self._told = 0
        self._stops = [asyncio.Event() for _ in range(3)]
        """Set one after the other: end gently, firmly, at once."""

    def stop(self) -> None:
        """End everything; each further call is less patient."""
        if self._told == 0:
            log.info(Event.PAIR_STOPPING, grace_s=max(p.grace_s for p in self._programs))
        if self._told < len(self._stops):
            self._stops[self._told].set()
            self._told += 1

    async def run(self) -> None:
        """Run until stopped; nothing is left behind then."""
        async with asyncio.TaskGroup() as group:
            for program in self._programs:
                group.create_task(self._keep(program), name=program.name)
        log.info(Event.PAIR_STOPPED)

    async def _keep(self, program: Program) -> None:
        await self._unless_stopped(program.after())
        groups: list[int] = []
        wait_s = 0.0
        try:
            while not self._stops[0].is_set():
                began = time.monotonic()
                try:
                    process = await self._start(program)
                except OSError as error:
                    wait_s = _longer(program, wait_s)
                    log.error(  # noqa: TRY400 - the reason says it all
                        Event.PROCESS_UNSTARTABLE, name=program.name, reason=str(error)
                    )
                else:
                    groups.append(process.pid)
                    status = await self._watch(program, process)
                    if self._stops[0].is_set():
                        log.info(Event.PROCESS_ENDED, name=program.name, status=status)
                        break
                    # nginx's workers outlive a killed master, and hold its ports.
                    _signal_group(process.pid, program.gentle)
                    recovered = time.monotonic() - began > _STEADY_S
                    wait_s = 0.0 if recovered else wait_s
                    log.error(
                        Event.PROCESS_DIED, name=program.name, status=status, again_in_s=wait_s
                    )
                await self._unless_stopped(asyncio.sleep(wait_s))
                wait_s = _longer(program, wait_s)
        finally:
            for group in groups:
                _signal_group(group, signal.SIGKILL)

    async def _start(self, program: Program) -> asyncio.subprocess.Process:
        def die_with_us() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, program.orphaned)

        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            process_group=0,
            preexec_fn=die_with_us,
        )
        log.info(Event.PROCESS_STARTED, name=program.name, pid=process.pid)
        return process

    async def _watch(self, program: Program, process: asyncio.subprocess.Process) -> int:
        """Pass its lines on until it has ended, by itself or because we stop."""
        pumps = [
            asyncio.create_task(self._pump(program.name, stream))
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]
        ended = asyncio.create_task(process.wait())
        await self._unless_stopped(asyncio.shield(ended))
        if not ended.done():
            await self._end(program, process, ended)
        # Whoever inherited the pipes may hold them open for long.
        await asyncio.wait(pumps, timeout=0.5)
        return await ended

    async def _end(
        self, program: Program, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]"
    ) -> None:
        steps = (
            (program.gentle, program.grace_s, self._stops[1]),
            (program.firm, _FORCE_S, self._stops[2]),
            (signal.SIGKILL, _FORCE_S, asyncio.Event()),
        )
        for number, (sent, patience_s, hurry) in enumerate(steps):
            if number:
                log.warning(Event.PROCESS_FORCED, name=program.name, signal=sent.name)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sent)
            hurried = asyncio.create_task(hurry.wait())
            await asyncio.wait(
                {ended, hurried}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
            )
            hurried.cancel()
            if ended.done():
                return

    async def _pump(self, name: str, stream: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await stream.read(1 << 16):
            for line in splitter.feed(data):
                self._sink.put(as_line(name, line))
        if rest := splitter.rest():
            self._sink.put(as_line(name, rest))

    async def _unless_stopped(self, waiting: Awaitable[object]) -> None:
        """Wait for it, but not past the first call to stop."""
        task = asyncio.ensure_future(waiting)
        stopped = asyncio.create_task(self._stops[0].wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            task.cancel()
        elif not task.cancelled() and (error := task.exception()):
            raise error


def _longer(program: Program, wait_s: float) -> float:
    return min(max(program.first_wait_s, wait_s * 2), program.longest_wait_s)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
