"""Tells the log of problems in a thread of its own: ten thousand lines take a second.

Of states that follow each other faster than they are told, the newest is told. The process
ends when what is being told is told, so that no line is cut.
"""

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from generator.loop.log_reporter import LogReporter
from generator.objects import ObjectRef
from generator.problems import Problems
from generator.snapshot import Origin


class ProblemState(Struct, frozen=True):
    """All problems there are at one moment."""

    problems: Problems
    origins: Mapping[ObjectRef, Origin]
    traces: tuple[str, ...]


class ProblemTelling:
    """`note` what is to be told, while `run` runs."""

    def __init__(self, log: LogReporter) -> None:
        self._log = log
        self._newest: ProblemState | None = None
        self._has_news = asyncio.Event()

    def note(self, state: ProblemState) -> None:
        """Have this told, unless it was the last time too; return at once."""
        last, self._newest = self._newest, state
        if last is None or (state.problems, state.traces) != (last.problems, last.traces):
            self._has_news.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            if self._newest is not None:
                await asyncio.to_thread(self._tell, self._newest)

    def _tell(self, state: ProblemState) -> None:
        self._log.problems(state.problems, state.origins)
        self._log.traces(state.traces)
