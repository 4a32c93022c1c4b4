"""The ports of a Service, found by all that an Ingress may call one."""

from collections.abc import Mapping

from msgspec import Struct

from generator.names import is_label
from generator.objects import Service, ServicePort, ServicePortRef

_MOST_LISTED = 10
"""Ports in one message."""


class ServicePorts(Struct, frozen=True):
    """The ports of a Service that an apiserver would admit; manifests went through none.

    Of several that go by the same, the first is meant.
    """

    service: Service
    all: tuple[ServicePort, ...]
    by_name: Mapping[str, ServicePort]
    by_number: Mapping[int, ServicePort]
    by_target: Mapping[str | int, ServicePort]
    """By what its Pods listen on, as ingress-nginx finds them too."""

    @classmethod
    def of(cls, service: Service) -> "ServicePorts":
        """Index the ports of a Service, of which there may be as many as paths."""
        ports = service.spec.ports
        admitted = [p for p in ports if is_port(p.port) and (not p.name or is_label(p.name))]
        tcp = [port for port in reversed(admitted) if port.protocol == "TCP"]
        return cls(
            service=service,
            all=tuple(admitted),
            by_name={port.name: port for port in tcp},
            by_number={port.port: port for port in tcp},
            by_target={p.target_port: p for p in reversed(admitted) if p.target_port},
        )

    def find(self, wanted: ServicePortRef) -> ServicePort | None:
        """Find a port by name, or by number where no name is given."""
        return self.by_name.get(wanted.name) if wanted.name else self.by_number.get(wanted.number)

    def listed(self) -> str:
        """List them for a message; of very many the first ones."""
        first = self.all[:_MOST_LISTED]
        texts = [f"{p.port} ({p.name})" if p.name else str(p.port) for p in first]
        more = len(self.all) - len(first)
        return ", ".join(texts) + (f" and {more} more" if more else "") or "none"


def is_port(number: int) -> bool:
    """Whether a number is one of a port."""
    return 0 < number < 1 << 16
