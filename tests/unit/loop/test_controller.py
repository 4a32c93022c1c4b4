"""A real loop on a real folder and volume, with a gate in the way of its attempts."""

import asyncio
import datetime as dt
import json
import threading
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from structlog.testing import capture_logs

from generator.loop.attempt import AttemptMaker
from generator.loop.controller import Controller, LoopSettings
from generator.loop.log_reporter import LogReporter
from generator.loop.problem_telling import ProblemState, ProblemTelling
from generator.loop.template_folder import TemplateFolder
from generator.manifests.source import ManifestSource
from generator.probes import serve
from generator.problems import Code
from reloader.contract import Status, Volume, Wish, read_or_none
from tests.drivers.ingresses import ingress, rule
from tests.drivers.models import surroundings
from tests.drivers.snapshots import options
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority
from tests.lab.ports import free_port


class GatedMaker(AttemptMaker):
    """Makes attempts while its gate is open."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()
        self.gate = threading.Event()

    def make(self, inputs):
        self.begun.set()
        assert self.gate.wait(60)
        return super().make(inputs)


class Scene:
    def __init__(self, folder):
        self.now = dt.datetime.now(dt.UTC)
        self.manifests, self.volume = folder / "manifests", Volume(folder / "volume")
        for path in (self.manifests, self.volume.root, self.volume.status.parent):
            path.mkdir()
        status = Status(generation=0, hash="", applied=True, serving=0, nginx_version="1.31.3")
        self.volume.status.write_bytes(status.encode())
        self.maker = GatedMaker()
        self.source = ManifestSource([self.manifests])
        setup = LoopSettings(
            volume=self.volume,
            translation=options(),
            surroundings=surroundings(folder),
            longest_gathering_s=0.5,
            clock=lambda: self.now,
            dates_s=0.01,
        )
        self.controller = Controller(
            setup, self.source, TemplateFolder(None), None, maker=self.maker
        )

    def write(self, host, **more):
        manifest = ingress(rule(host, ("Prefix", "/", "web")), **more)
        (self.manifests / "shop.json").write_text(json.dumps(manifest))

    def wishes_for(self, host):
        wish = read_or_none(self.volume.wish, Wish.parse)
        return wish is not None and host.encode() in wish.body

    @asynccontextmanager
    async def building(self):
        """Run the loop until its first attempt is at the gate."""
        running = asyncio.create_task(self.controller.run())
        try:
            await asyncio.to_thread(self.maker.begun.wait, 60)
            yield running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    made.write("first.test")
    yield made
    made.maker.gate.set()


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - polls
            await asyncio.sleep(0.01)


def test_probes_are_answered_while_an_attempt_is_being_made(scene):
    async def ask():
        port = free_port()
        runner = await serve(port, lambda: scene.controller.ready)
        async with scene.building(), aiohttp.ClientSession() as web:
            answers = []
            for path in ("healthz", "readyz"):
                async with web.get(f"http://127.0.0.1:{port}/{path}") as answer:
                    answers.append(answer.status)
            assert not scene.maker.gate.is_set()
        await runner.cleanup()
        return answers

    assert asyncio.run(ask()) == [200, 503]


def test_changes_are_read_while_an_attempt_is_being_made_and_the_newest_follows_it(scene):
    async def change():
        async with scene.building():
            scene.write("second.test")
            scene.write("third.test")
            await until(lambda: "third.test" in str(scene.source._snapshot.ingresses))
            assert not scene.maker.gate.is_set()
            scene.maker.gate.set()
            await until(lambda: scene.wishes_for("third.test"))

    asyncio.run(change())


def test_a_certificate_that_expires_is_told_without_any_edit(scene):
    secret = tls_secret("shop", Authority().issue("first.test"))
    (scene.manifests / "secret.json").write_text(json.dumps(secret))
    scene.write("first.test", tls=[{"hosts": ["first.test"], "secretName": "shop"}])

    async def pass_a_year(told):
        async with scene.building():
            scene.maker.gate.set()
            await until(lambda: scene.wishes_for("first.test"))
            before = codes(told)
            scene.now += dt.timedelta(days=365)
            await until(lambda: Code.CERTIFICATE_EXPIRED in codes(told))
        return before

    with capture_logs() as told:
        before = asyncio.run(pass_a_year(told))
    assert Code.CERTIFICATE_EXPIRED not in before


def codes(told):
    return {line.get("code") for line in told}


def test_the_loop_ends_while_an_attempt_is_being_made(scene):
    async def end():
        async with scene.building() as running:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(end())
    assert not scene.maker.gate.is_set()
    assert not scene.volume.wish.exists()


def test_nothing_waits_until_very_many_problems_are_told(scene, monkeypatch):
    begun, told = threading.Event(), threading.Event()

    def tell(*_):
        begun.set()
        assert told.wait(60)

    monkeypatch.setattr(LogReporter, "problems", tell)

    async def publish():
        async with scene.building():
            scene.maker.gate.set()
            await until(begun.is_set)
            await until(lambda: scene.wishes_for("first.test"))
            scene.write("second.test")
            await until(lambda: scene.wishes_for("second.test"))
            assert not told.is_set()
            told.set()

    asyncio.run(publish())


class GatedLog(LogReporter):
    """Notes which problems it is to tell, each when its gate is open."""

    def __init__(self):
        super().__init__()
        self.begun, self.gate, self.told = threading.Event(), threading.Event(), []

    def problems(self, problems, _origins):
        self.begun.set()
        assert self.gate.wait(60)
        self.told.append(problems)


def test_what_is_being_told_is_told_before_the_process_ends():
    log = GatedLog()

    async def tell():
        telling = ProblemTelling(log)
        running = asyncio.create_task(telling.run())
        telling.note(ProblemState("some", {}, ()))
        await until(log.begun.is_set)
        running.cancel()
        threading.Timer(0.2, log.gate.set).start()

    asyncio.run(tell())
    assert log.told == ["some"]


def test_problems_that_are_the_same_are_not_told_again():
    log = GatedLog()
    log.gate.set()

    async def tell():
        telling = ProblemTelling(log)
        running = asyncio.create_task(telling.run())
        for number, problems in enumerate(("some", "some", "others", "some")):
            telling.note(ProblemState(problems, {number: number}, ()))
            await until(lambda p=problems: log.told[-1:] == [p])
        running.cancel()

    asyncio.run(tell())
    assert log.told == ["some", "others", "some"]


def test_of_problems_that_come_faster_than_they_are_told_the_newest_are_told():
    log = GatedLog()

    async def tell():
        telling = ProblemTelling(log)
        running = asyncio.create_task(telling.run())
        telling.note(ProblemState("first", {}, ()))
        await until(log.begun.is_set)
        for state in ("second", "third"):
            telling.note(ProblemState(state, {}, ()))
        log.gate.set()
        await until(lambda: "third" in log.told)
        running.cancel()

    asyncio.run(tell())
    assert log.told == ["first", "third"]
