"""Logs that the apiserver refuses to list or watch a resource, and whether it lasts."""

import time
from collections.abc import Callable
from typing import Any

import structlog

from generator.cluster.errors import Refused
from generator.cluster.list_watch import Scope
from generator.cluster.resources import Resource
from generator.log_events import Event

DENIALS = (401, 403, 404, 405)
"""Statuses that last until a right is granted or the resource is installed."""

log = structlog.get_logger()


class RefusalLog:
    """The refusals of one resource since it was listed last.

    Each is logged once, when it has lasted for `after_s`, until another one or a list.
    """

    def __init__(
        self,
        resource: Resource[Any],
        scope: Scope,
        after_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resource = resource
        self._scope = scope
        self._after_s = after_s
        self._clock = clock
        self._since: float | None = None
        self._logged = ""

    def note(self, verb: str, error: Refused) -> bool:
        """Record a refusal, log it if it lasts; return whether it does."""
        now = self._clock()
        if self._since is None:
            self._since = now
        if now - self._since < self._after_s:
            return False
        refusal = f"{verb} {error.status}"
        if refusal != self._logged:
            self._logged = refusal
            self._write(verb, error)
        return True

    def clear(self) -> None:
        """Forget all refusals: the resource was listed."""
        self._since, self._logged = None, ""

    def _write(self, verb: str, error: Refused) -> None:
        if error.status == 403:
            log.error(
                Event.CLUSTER_FORBIDDEN,
                verb=verb,
                resource=self._resource.plural,
                group=self._resource.group,
                namespace=self._scope.namespace or "all",
                fields=self._scope.fields,
                error=error.message,
            )
        else:
            log.warning(
                Event.CLUSTER_REFUSED,
                verb=verb,
                resource=title(self._resource, self._scope),
                error=str(error),
            )


def title(resource: Resource[Any], scope: Scope) -> str:
    """Return the name of a resource for the log."""
    where = f" in namespace {scope.namespace}" if scope.namespace else ""
    return f"{resource.plural}{where}"
