"""Events on Ingresses: one for each problem, updated, never a flood."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from generator.cluster import kubernetes_event_writer
from generator.cluster.access import Anonymous
from generator.cluster.client import Client
from generator.cluster.kubernetes_event_writer import EventTiming, KubernetesEventWriter
from generator.cluster.kubernetes_events import (
    WrittenEvent,
    due_events,
    solved,
    wanted_events,
    without_finished,
)
from generator.objects import Kind, Name, ObjectRef
from generator.problems import Code, Problem, Severity
from tests.drivers.snapshots import decoded
from tests.unit.cluster.conftest import SOON
from tests.unit.cluster.fake_apiserver import FakeApiserver, says
from tests.unit.cluster.samples import until

QUICK = EventTiming(burst=100, interval_s=0.001, renew_s=1000.0, forbidden_s=0.02)
EVENTS = "events"


class Recorder:
    """The collection of Events, as an apiserver keeps it."""

    def __init__(self, fake):
        self.by_name = {}
        self.writes = 0
        fake.always["list", EVENTS] = self.create  # a POST, as the fake sees it
        fake.always["patch", EVENTS] = self.patch

    async def create(self, request):
        event = await request.json()
        name = event["metadata"]["name"]
        if name in self.by_name:
            return await says(409, "AlreadyExists")(request)
        assert request.content_type == "application/json"
        return self._keep(name, event)

    async def patch(self, request):
        name = request.path.rpartition("/")[2]
        if name not in self.by_name:
            return await says(404, "NotFound")(request)
        return self._keep(name, self.by_name[name] | await request.json())

    def _keep(self, name, event):
        self.writes += 1
        self.by_name[name] = event
        return web.json_response(event)

    @property
    def said(self):
        return sorted((e["type"], e["reason"], e["message"], e["count"]) for e in self.all)

    @property
    def all(self):
        return list(self.by_name.values())


def ingress(name="shop", uid="1"):
    return decoded({"kind": "Ingress", "metadata": {"name": name, "uid": uid}})


def problem(message="It is wrong.", name="shop", field="spec", code=Code.PATH_INVALID):
    return Problem(
        object=ObjectRef(Kind.INGRESS, Name("default", name)),
        field=field,
        code=code,
        severity=Severity.ERROR,
        message=message,
        hint="Mend it.",
    )


@pytest.fixture
def writing():
    @asynccontextmanager
    async def write(timing=QUICK, events=None, prepare=lambda _: None):
        async with FakeApiserver() as fake, Client(Anonymous(fake.url), SOON) as client:
            recorder = Recorder(fake)
            recorder.by_name.update(events or {})
            prepare(fake)
            writer = KubernetesEventWriter(client, timing=SOON, event_timing=timing)
            running = asyncio.create_task(writer.run())
            try:
                yield recorder, writer
            finally:
                running.cancel()
                await asyncio.wait([running])

    return write


async def test_a_problem_is_an_event_on_its_ingress(writing):
    async with writing() as (events, writer):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said)
        assert events.said == [("Warning", "PathInvalid", "spec: It is wrong. Mend it.", 1)]
        involved = events.all[0]["involvedObject"]
        assert (involved["kind"], involved["name"], involved["uid"]) == ("Ingress", "shop", "1")


async def test_its_event_is_updated_when_the_message_changes(writing):
    async with writing() as (events, writer):
        for n in range(3):
            writer.note_problems([problem(f"Wrong {n}.")], [ingress()])
            await until(lambda n=n: events.said and f"Wrong {n}." in events.said[0][2])
        assert len(events.all) == 1
        assert events.said[0][3] == 3


async def test_the_same_problem_reported_often_is_written_once(writing):
    async with writing() as (events, writer):
        for _ in range(50):
            writer.note_problems([problem()], [ingress()])
            await asyncio.sleep(0)
        writer.note_problems([problem(), problem(field="last")], [ingress()])
        await until(lambda: len(events.all) == 2)
        assert events.writes == 2


async def test_a_solved_problem_turns_its_event_into_one_that_says_so(writing):
    async with writing() as (events, writer):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said)
        writer.note_problems([], [ingress()])
        await until(lambda: events.said[0][0] == "Normal")
        assert events.said[0][2].startswith("This is solved: spec: It is wrong.")
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said[0][0] == "Warning")
        assert len(events.all) == 1


async def test_of_an_ingress_that_is_gone_or_anothers_nothing_is_written(writing):
    async with writing() as (events, writer):
        writer.note_problems([problem(), problem(name="theirs")], [ingress()])
        await until(lambda: events.said)
        writer.note_problems([problem(name="other")], [ingress("other", "2")])
        await until(lambda: len(events.all) == 2)
        assert {e["involvedObject"]["name"] for e in events.all} == {"shop", "other"}
        assert all(e["type"] == "Warning" for e in events.all)


async def test_an_event_from_before_a_restart_is_updated(writing):
    async with writing() as (before, writer):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: before.said)
    async with writing(events=before.by_name) as (events, writer):
        writer.note_problems([problem("Another wrong.")], [ingress()])
        await until(lambda: events.said and "Another" in events.said[0][2])
        assert len(events.all) == 1


async def test_a_problem_that_lasts_is_written_again_before_its_event_is_deleted(writing):
    async with writing(timing=EventTiming(burst=100, interval_s=0.001, renew_s=0.1)) as (
        events,
        writer,
    ):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said and events.said[0][3] >= 3)
        events.by_name.clear()  # the apiserver forgot
        await until(lambda: events.said)


async def test_very_many_problems_do_not_hold_the_loop(writing, monkeypatch):
    begun, gate = threading.Event(), threading.Event()

    def slow(*given):
        begun.set()
        assert gate.wait(60)
        return wanted_events(*given)

    monkeypatch.setattr(kubernetes_event_writer, "wanted_events", slow)
    async with writing() as (events, writer):
        writer.note_problems([problem("Older.")], [ingress()])
        await until(begun.is_set)
        writer.note_problems([problem()], [ingress()])
        gate.set()
        await until(lambda: events.said and "It is wrong" in events.said[0][2])


async def test_without_the_right_it_is_logged_once_and_tried_until_granted(writing, logged):
    def forbid(fake):
        fake.once["list", EVENTS].extend([says(403, "Forbidden")] * 3)

    async with writing(prepare=forbid) as (events, writer):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said)
    (line,) = logged("cluster.forbidden")
    assert (line["verb"], line["resource"]) == ("create and patch", "events")


@pytest.mark.parametrize("status", [422, 404])
async def test_one_that_the_apiserver_does_not_take_holds_up_no_other(writing, status):
    def refuse(fake):
        fake.once["list", EVENTS].append(says(status, "Invalid"))

    async with writing(prepare=refuse) as (events, writer):
        writer.note_problems([problem(), problem(name="other")], [ingress(), ingress("other", "2")])
        await until(lambda: events.said)
        assert len(events.all) == 1


async def test_an_apiserver_in_trouble_gets_them_later(writing):
    def trouble(fake):
        fake.once["list", EVENTS].extend([says(503, "Unavailable"), says(429, "TooMany")])

    async with writing(prepare=trouble) as (events, writer):
        writer.note_problems([problem()], [ingress()])
        await until(lambda: events.said)


async def test_a_storm_of_problems_is_written_slowly(writing):
    timing = EventTiming(burst=3, interval_s=10.0)
    async with writing(timing=timing) as (events, writer):
        names = [f"shop-{n}" for n in range(50)]
        writer.note_problems([problem(name=n) for n in names], [ingress(n, n) for n in names])
        await until(lambda: events.writes == 3)
        await asyncio.sleep(0.1)  # nothing tells that nothing comes
        assert events.writes == 3


def test_of_one_ingress_the_weightiest_are_events():
    many = [problem(field=f"path {n}") for n in range(5000)]
    minor = Problem(
        object=many[0].object,
        field="a",
        code=Code.PATH_TAKEN,
        severity=Severity.INFO,
        message="x" * 5000,
        hint="",
    )
    assert len(wanted_events([minor, *many], uids("shop"))) == 10
    assert minor.code not in {key.code for key in wanted_events([minor, *many], uids("shop"))}
    (event,) = wanted_events([minor], uids("shop")).values()
    assert event.type == "Normal"
    assert len(event.message) == 1024


class CountedDict(dict):
    """Counts how often an entry is read."""

    def __init__(self, entries):
        super().__init__(entries)
        self.reads = 0

    def __getitem__(self, key):
        self.reads += 1
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.reads += 1
        return super().get(key, default)

    def __contains__(self, key):
        self.reads += 1
        return super().__contains__(key)

    def __iter__(self):
        for key in super().__iter__():
            self.reads += 1
            yield key

    def items(self):
        return [(key, super(CountedDict, self).__getitem__(key)) for key in self]

    def values(self):
        return [value for _, value in self.items()]


def uids(*names):
    return {ingress(name).name: name for name in names}


def events_on(count):
    """An Event on each of some Ingresses, wanted and written, one a second."""
    names = [f"shop-{n}" for n in range(count)]
    wanted = wanted_events([problem(name=n) for n in names], uids(*names))
    by_age = sorted(wanted, key=lambda key: int(key.ingress.name.removeprefix("shop-")))
    written = {key: WrittenEvent(wanted[key], float(n)) for n, key in enumerate(by_age)}
    return wanted, written


@pytest.mark.parametrize("are_solved", [True, False])
def test_to_find_what_to_write_each_event_is_looked_at_a_few_times(are_solved):
    found, before = events_on(2000)
    wanted, written = CountedDict({} if are_solved else found), CountedDict(before)
    uids = CountedDict({key.ingress: event.uid for key, event in found.items()})
    due = due_events(wanted, written, renew_before_s=10_000.0)
    kept = without_finished(written, wanted, uids)

    assert len(due) == len(kept) == 2000
    assert wanted.reads + written.reads + uids.reads <= 10 * 2000


def test_what_is_new_is_written_before_what_is_renewed():
    wanted, written = events_on(3)
    new = wanted_events([problem("Another wrong.", "shop-2")], uids("shop-2"))
    due = due_events(wanted | new, written, renew_before_s=10.0)

    assert [key.ingress.name for key, _ in due] == ["shop-2", "shop-0", "shop-1"]


def test_the_ingress_that_waits_longest_is_written_about_first():
    wanted, written = events_on(3)
    due = due_events({}, dict(reversed(written.items())), renew_before_s=0.0)

    assert due == [(key, solved(wanted[key])) for key in written]


def test_events_of_ingresses_that_are_gone_or_made_anew_are_forgotten():
    _, written = events_on(3)
    uids = {Name("default", "shop-0"): "shop-0", Name("default", "shop-1"): "another"}

    assert [key.ingress.name for key in without_finished(written, {}, uids)] == ["shop-0"]
