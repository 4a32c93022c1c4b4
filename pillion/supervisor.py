"""Runs programs as direct children, restarts each that dies, and ends them all."""

import asyncio
import math
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from pillion.child import Child
from pillion.log_events import Event
from pillion.log_relay import Sink, as_line

log = structlog.get_logger()

_STEADY_S = 3.0
"""A program that runs for so long has recovered."""
_FORCE_S = 2.0
"""How long a process has from the firm signal to SIGKILL."""
_ONE_CALL_S = 0.3
"""Calls so close count as one: `timeout` signals both the process and its process group."""
_LAST_LINES_S = 0.1
"""How long output is still read after all have ended."""


async def _at_once() -> None:
    """Return at once."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program to keep running, and the signals that end it."""

    name: str
    command: Sequence[str]
    first_wait_s: float = 0.1
    longest_wait_s: float = 2.0
    gentle: signal.Signals = signal.SIGTERM
    grace_s: float = 5.0
    """How long it may take to end after the gentle signal."""
    firm: signal.Signals = signal.SIGKILL
    parent_death: signal.Signals = signal.SIGKILL
    """The signal that it gets when this process is killed."""
    after: Callable[[], Coroutine[Any, Any, None]] = _at_once
    """Awaited before its first start."""


class Supervisor:
    """Keeps programs running until `stop` is called."""

    def __init__(self, programs: Sequence[Program], sink: Sink) -> None:
        self._programs = programs
        self._sink = sink
        self._stop_calls = 0
        self._stopped_at = -math.inf
        self._stops = [asyncio.Event() for _ in range(3)]
        """Set one after the other: end gently, firmly, immediately."""

    def stop(self) -> None:
        """End all programs; each further call goes on to the next signal at once."""
        now = time.monotonic()
        if now - self._stopped_at < _ONE_CALL_S:
            return
        self._stopped_at = now
        if self._stop_calls == 0:
            log.info(Event.PAIR_STOPPING, grace_s=max(p.grace_s for p in self._programs))
        if self._stop_calls < len(self._stops):
            self._stops[self._stop_calls].set()
            self._stop_calls += 1

    async def run(self) -> None:
        """Run until stopped. No process is left behind."""
        async with asyncio.TaskGroup() as group:
            for program in self._programs:
                group.create_task(self._keep(program))
        await asyncio.sleep(_LAST_LINES_S)
        log.info(Event.PAIR_STOPPED)

    def _is_stopping(self) -> bool:
        return self._stops[0].is_set()

    async def _keep(self, program: Program) -> None:
        await self._unless_stopped(asyncio.create_task(program.after()))
        started: list[Child] = []
        wait_s = 0.0
        try:
            while not self._is_stopping():
                began = time.monotonic()
                if (child := self._start(program)) is not None:
                    started.append(child)
                    await self._watch(program, child)
                    if _failed(child):
                        # Leftovers of earlier ones have had their time, and may be the cause:
                        # a stuck worker of nginx holds the ports.
                        for earlier in started[:-1]:
                            earlier.send_to_group(signal.SIGKILL)
                        del started[:-1]
                if self._is_stopping():
                    break
                if time.monotonic() - began > _STEADY_S:
                    wait_s = 0.0
                await self._unless_stopped(asyncio.create_task(asyncio.sleep(wait_s)))
                wait_s = min(max(program.first_wait_s, 2 * wait_s), program.longest_wait_s)
        finally:
            for child in started:
                child.send_to_group(signal.SIGKILL)

    def _start(self, program: Program) -> Child | None:
        def line(text: bytes) -> None:
            self._sink.put(as_line(program.name, text))

        try:
            child = Child(program.command, parent_death=program.parent_death, line=line)
        except OSError as error:
            log.error(Event.PROCESS_START_FAILED, name=program.name, reason=str(error))
            return None
        log.info(Event.PROCESS_STARTED, name=program.name, pid=child.pid)
        return child

    async def _watch(self, program: Program, child: Child) -> None:
        """Wait until it has ended, by itself or because the supervisor stops."""
        await self._unless_stopped(child.ended)
        if child.ended.done() and not self._is_stopping():
            log.error(Event.PROCESS_DIED, name=program.name, status=await child.ended)
            # The workers of a killed nginx go on and hold its ports. They are ended as gently
            # as nginx itself would be.
            child.send_to_group(program.gentle)
            return
        await self._end(program, child)
        log.info(Event.PROCESS_ENDED, name=program.name, status=await child.ended)

    async def _end(self, program: Program, child: Child) -> None:
        steps = (
            (program.gentle, program.grace_s, self._stops[1]),
            (program.firm, _FORCE_S, self._stops[2]),
            (signal.SIGKILL, None, asyncio.Event()),
        )
        for number, (sent, patience_s, hurry) in enumerate(steps):
            if child.ended.done():
                return
            if number:
                log.warning(Event.PROCESS_FORCED, name=program.name, signal=sent.name)
            child.send(sent)
            await _wait_for_either(child.ended, hurry, patience_s)

    async def _unless_stopped(self, task: asyncio.Task[Any]) -> None:
        """Wait for the task, but not past the first call of `stop`."""
        await _wait_for_either(task, self._stops[0], None)


def _failed(child: Child) -> bool:
    """Return whether it exited by itself with an error."""
    return child.ended.done() and child.ended.result() > 0


async def _wait_for_either(
    task: asyncio.Task[Any], event: asyncio.Event, timeout_s: float | None
) -> None:
    """Wait for the task or the event, whichever is first."""
    called = asyncio.create_task(event.wait())
    await asyncio.wait({task, called}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    called.cancel()
