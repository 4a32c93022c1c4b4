"""Status and Events as one report."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from generator.cluster.reporter import ClusterReporter
from tests.drivers.ingresses import ingress
from tests.drivers.snapshots import decoded
from tests.unit.cluster.samples import until


class Writer:
    """What a writer is told."""

    def __init__(self):
        self.told = []
        self.runs = asyncio.Event()

    def publish(self, served):
        self.told.append(served)

    def note_problems(self, problems, ours):
        self.told.append((problems, ours))

    async def run(self):
        self.runs.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def reporting(status, events):
    reporter = ClusterReporter(lambda: status, lambda: events)
    running = asyncio.create_task(reporter.run())
    await until(events.runs.is_set)
    yield reporter
    running.cancel()


@pytest.mark.parametrize("changed", [("a", "b"), (), ("b",)])
async def test_what_is_as_it_was_is_told_to_no_writer_again(changed):
    status, events = Writer(), Writer()
    before, after = ([decoded(ingress(name=n)) for n in names] for names in (("a",), changed))
    async with reporting(status, events) as reporter:
        for served in (before, before, after, after):
            reporter.publish(served)
            reporter.note_problems((), served)
    assert status.told == [tuple(before), tuple(after)]
    assert events.told == [((), tuple(before)), ((), tuple(after))]
