"""Reports to the cluster what became of its Ingresses: by their status and by Events."""

import asyncio
from collections.abc import Callable, Iterable

from generator.cluster.ingress_status import StatusWriter
from generator.cluster.kubernetes_event_writer import KubernetesEventWriter
from generator.cluster.leader_election import LeaderElection
from generator.objects import Ingress
from generator.problems import Problem


class ClusterReporter:
    """The status writer, if any, and the Event writer as one Reporter.

    Of several replicas the leader alone writes. Each time it is elected it begins with new
    writers, which ask the apiserver what is there: another has written meanwhile. Most
    changes of a cluster are of objects that no Ingress names; what they leave as it was is
    not looked at again.
    """

    def __init__(
        self,
        new_status: Callable[[], StatusWriter] | None,
        new_events: Callable[[], KubernetesEventWriter],
        election: LeaderElection | None = None,
    ) -> None:
        self._new_status = new_status
        self._new_events = new_events
        self._election = election
        self._status: StatusWriter | None = None
        self._events: KubernetesEventWriter | None = None
        self._served: tuple[Ingress, ...] | None = None
        self._problems: tuple[tuple[Problem, ...], tuple[Ingress, ...]] | None = None

    def publish(self, served: Iterable[Ingress]) -> None:
        """Report that these Ingresses are served now, and no others; return at once."""
        before, self._served = self._served, tuple(served)
        if self._status and self._served != before:
            self._status.publish(self._served)

    def note_problems(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Report all current problems of all our Ingresses; return at once."""
        before, self._problems = self._problems, (tuple(problems), tuple(ours))
        if self._events and self._problems != before:
            self._events.note_problems(*self._problems)

    async def run(self) -> None:
        """Write while this is the leader, until cancelled."""
        if self._election:
            await self._election.run(self._write)
        else:
            await self._write()

    async def _write(self) -> None:
        self._status, self._events = self._new_status and self._new_status(), self._new_events()
        if self._status and self._served is not None:
            self._status.publish(self._served)
        if self._problems:
            self._events.note_problems(*self._problems)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._events.run())
                if self._status:
                    tasks.create_task(self._status.run())
        finally:
            self._status = self._events = None
