"""A source that follows a real cluster, in a thread of its own.

A context manager: reads from entry to exit. What it logged is in `logged`.
"""

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import structlog

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.discovery import find
from generator.cluster.ingress_status import StatusWriter
from generator.cluster.published_addresses import Addresses
from generator.cluster.source import ClusterSource
from generator.objects import Ingress, Kind, Name, ObjectRef
from generator.snapshot import Snapshot

READY_WITHIN_S = 20.0


def tls_references(snapshot: Snapshot) -> frozenset[ObjectRef]:
    """The Secrets of all Ingresses."""
    return frozenset(
        ObjectRef(Kind.SECRET, Name(ingress.name.namespace, tls.secret_name))
        for ingress in snapshot.ingresses.values()
        for tls in ingress.spec.tls
    )


class Following:
    """The source, its status writer if it has addresses, and their thread."""

    def __init__(
        self,
        kubeconfig: Path,
        *,
        timing: Timing | None = None,
        addresses: Addresses = (),
        ready: bool = True,
        **source: object,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._timing = timing or Timing()
        self._addresses = addresses
        self._waits_until_ready = ready
        self._options = {"references": tls_references} | source
        self._thread = threading.Thread(target=lambda: asyncio.run(self._follow()), daemon=True)
        self._started = threading.Event()

    def __enter__(self) -> Self:
        self._capture = structlog.testing.capture_logs()
        self._lines = self._capture.__enter__()
        self._thread.start()
        self._started.wait()
        if self._waits_until_ready:
            self.wait_until_ready(READY_WITHIN_S)
            _ = self.snapshot
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._capture.__exit__(None, None, None)

    def wait_until_ready(self, within_s: float) -> None:
        """Return once the source is ready; a TimeoutError if that takes longer."""
        asyncio.run_coroutine_threadsafe(self.source.ready(), self._loop).result(within_s)

    @property
    def snapshot(self) -> Snapshot:
        """Everything read so far; whatever changes after is a change."""
        return self._within(self.source.snapshot)

    def wait_for_change(self, within_s: float = 10.0) -> Snapshot:
        """Return the next snapshot that differs from the last one taken."""
        asyncio.run_coroutine_threadsafe(self.source.changed(), self._loop).result(within_s)
        return self.snapshot

    def serves(self, ingresses: Iterable[Ingress]) -> None:
        """Have the status of these written."""
        self._within(lambda: self.writer.publish(ingresses))

    def logged(self, event: str) -> list[dict]:
        """The log lines of one event, so far."""
        return [line for line in self._lines if line["event"] == event]

    def _within(self, call):
        async def run():
            return call()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _follow(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        access = find(kubeconfig=str(self._kubeconfig))
        async with Client(access, self._timing) as client:
            self.source = ClusterSource(client, timing=self._timing, **self._options)
            self.writer = StatusWriter(
                client, self.source, publish_addresses=self._addresses, timing=self._timing
            )
            running = [
                asyncio.create_task(part.run())
                for part in (self.source, *([self.writer] if self._addresses else []))
            ]
            self._started.set()
            over = asyncio.create_task(self._over.wait())
            await asyncio.wait([over, *running], return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
