"""Reports to the cluster what became of its Ingresses: by their status and by Events."""

import asyncio
from collections.abc import Iterable

from generator.cluster.ingress_status import StatusWriter
from generator.cluster.kubernetes_event_writer import KubernetesEventWriter
from generator.objects import Ingress
from generator.problems import Problem


class ClusterReporter:
    """The status writer, if any, and the Event writer as one Reporter."""

    def __init__(self, status: StatusWriter | None, events: KubernetesEventWriter) -> None:
        self._status = status
        self._events = events

    def publish(self, served: Iterable[Ingress]) -> None:
        """Report that these Ingresses are served now, and no others; return at once."""
        if self._status:
            self._status.publish(served)

    def note_problems(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Report all current problems of all our Ingresses; return at once."""
        self._events.note_problems(problems, ours)

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run())
            if self._status:
                tasks.create_task(self._status.run())
