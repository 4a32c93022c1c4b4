"""Tells the cluster what became of its Ingresses: by their status, and by Events on them."""

import asyncio
from collections.abc import Iterable

from generator.cluster.ingress_status import StatusWriter
from generator.cluster.kubernetes_events import EventWriter
from generator.objects import Ingress
from generator.problems import Problem


class ClusterReporter:
    """Both writers as one."""

    def __init__(self, status: StatusWriter | None, events: EventWriter) -> None:
        self._status = status
        self._events = events

    def publish(self, served: Iterable[Ingress]) -> None:
        """Say which Ingresses are served now; returns at once."""
        if self._status:
            self._status.publish(served)

    def note_problems(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Say which problems there are now; returns at once."""
        self._events.tell(problems, ours)

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run())
            if self._status:
                tasks.create_task(self._status.run())
