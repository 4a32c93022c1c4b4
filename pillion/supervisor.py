"""Runs programs as direct children, starts one that dies again, and ends them all."""

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
"""Who lives so long has recovered."""
_FORCE_S = 2.0
"""How long a process has from one signal of its end to the next."""
_ONE_CALL_S = 0.3
"""Calls so close are one: `timeout` and the like signal us, and our process group as well."""
_LAST_LINES_S = 0.1
"""How long we go on reading when all have ended."""


async def _at_once() -> None:
    """Wait for nothing."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program to keep running, and how it is ended."""

    name: str
    command: Sequence[str]
    first_wait_s: float = 0.1
    longest_wait_s: float = 2.0
    gentle: signal.Signals = signal.SIGTERM
    grace_s: float = 5.0
    """How long it may take to end after the gentle signal."""
    firm: signal.Signals = signal.SIGKILL
    orphaned: signal.Signals = signal.SIGKILL
    """What it gets when we die."""
    after: Callable[[], Coroutine[Any, Any, None]] = _at_once
    """What its start has to wait for."""


class Supervisor:
    """Keeps programs running until it is told to stop."""

    def __init__(self, programs: Sequence[Program], sink: Sink) -> None:
        self._programs = programs
        self._sink = sink
        self._told = 0
        self._told_at = -math.inf
        self._stops = [asyncio.Event() for _ in range(3)]
        """Set one after the other: end gently, firmly, at once."""

    def stop(self) -> None:
        """End everything; each further call is less patient."""
        now = time.monotonic()
        if now - self._told_at < _ONE_CALL_S:
            return
        self._told_at = now
        if self._told == 0:
            log.info(Event.PAIR_STOPPING, grace_s=max(p.grace_s for p in self._programs))
        if self._told < len(self._stops):
            self._stops[self._told].set()
            self._told += 1

    async def run(self) -> None:
        """Run until stopped; nothing is left behind then."""
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
                    if _gave_up(child):
                        # What earlier ones left has had its time, and may be in the way:
                        # a worker of nginx that hears nothing holds the ports.
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
            child = Child(program.command, orphaned=program.orphaned, line=line)
        except OSError as error:
            log.error(Event.PROCESS_START_FAILED, name=program.name, reason=str(error))
            return None
        log.info(Event.PROCESS_STARTED, name=program.name, pid=child.pid)
        return child

    async def _watch(self, program: Program, child: Child) -> None:
        """Wait until it has ended, by itself or because we stop."""
        await self._unless_stopped(child.ended)
        if child.ended.done() and not self._is_stopping():
            log.error(Event.PROCESS_DIED, name=program.name, status=await child.ended)
            # The workers of a killed nginx go on, and hold its ports. They end as gently
            # as it would have.
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
            await _first(child.ended, hurry, patience_s)

    async def _unless_stopped(self, task: asyncio.Task[Any]) -> None:
        """Wait for it, but not past the first call to stop."""
        await _first(task, self._stops[0], None)


def _gave_up(child: Child) -> bool:
    """Whether it ended by itself, and not as it should."""
    return child.ended.done() and child.ended.result() > 0


async def _first(task: asyncio.Task[Any], event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait for the task or the event, whichever comes first."""
    called = asyncio.create_task(event.wait())
    await asyncio.wait({task, called}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    called.cancel()
