"""What the loop needs for reports to the cluster; those to the log are `log_reporter`."""

from collections.abc import Iterable
from typing import Protocol

from generator.objects import Ingress
from generator.problems import Problem


class Reporter(Protocol):
    """Reports to the cluster what became of its Ingresses. `generator.cluster` has one."""

    def publish(self, served: Iterable[Ingress]) -> None:
        """Report that these Ingresses are served now, and no others. Returns at once."""

    def note_problems(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Report that these are all problems of all these Ingresses. Returns at once."""

    async def run(self) -> None:
        """Write to the apiserver until cancelled."""
