"""Coroutine tests, and an apiserver that misbehaves on demand."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import structlog

from generator.cluster.access import Anonymous
from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.source import ClusterSource
from tests.unit.cluster.fake_apiserver import FakeApiserver
from tests.unit.cluster.samples import no_references

SOON = Timing(
    connect_s=2.0,
    read_s=2.0,
    silence_s=2.0,
    first_s=0.01,
    cap_s=0.05,
    retry_after_cap_s=0.05,
    unreachable_cap_s=0.05,
    refused_cap_s=0.05,
    confirm_empty_s=0.05,
    log_refusal_after_s=0.02,
    give_up_s=0.1,
    hold_s=0.5,
    correct_first_s=0.05,
    poll_s=0.05,
)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def logged() -> Iterator[Callable[[str], list[dict]]]:
    """The log lines of one event, so far."""
    with structlog.testing.capture_logs() as lines:
        yield lambda event: [line for line in lines if line["event"] == event]


@pytest.fixture
def following() -> Callable:
    """A fake apiserver, and a source that follows it with short waits."""

    @asynccontextmanager
    async def follow(
        timing: Timing = SOON, **source: object
    ) -> AsyncIterator[tuple[FakeApiserver, ClusterSource]]:
        async with FakeApiserver() as fake, Client(Anonymous(fake.url), timing) as client:
            followed = ClusterSource(
                client, timing=timing, **({"references": no_references} | source)
            )
            running = asyncio.create_task(followed.run())
            try:
                yield fake, followed
            finally:
                running.cancel()
                await asyncio.wait([running])

    return follow
