"""What the loop asks of whoever tells the cluster."""

from collections.abc import Iterable
from typing import Protocol

from generator.objects import Ingress
from generator.problems import Problem


class Reporter(Protocol):
    """Tells the cluster what became of its Ingresses."""

    def publish(self, served: Iterable[Ingress]) -> None:
        """Take note that these are served now, and no others are ours. Returns at once."""

    def tell(self, problems: Iterable[Problem], ours: Iterable[Ingress]) -> None:
        """Take note that these are all the problems there are. Returns at once."""

    async def run(self) -> None:
        """Tell it, and keep telling until cancelled."""
