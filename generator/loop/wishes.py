"""The volume as the loop uses it: wishes go out, answers come in, and what is good is kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import structlog

from generator.log_events import Event
from generator.loop.attempt import Attempt
from generator.loop.diagnosis import named_file
from generator.loop.worker import Worker
from generator.translation import LastGood
from generator.volume.answers import Answers, first_status
from generator.volume.endpoints import EndpointsPublisher
from generator.volume.persistence import Persistence, Recalled
from generator.volume.publisher import Publisher, claim
from reloader.contract import Status, Volume, Wish

log = structlog.get_logger()

_RELOADER_PATIENCE_S = 5.0
"""How long to wait for the reloader to say what nginx can do; then the least is assumed."""
_CHECKED_GENERATION = 0
"""What nginx would report of a configuration that is never served."""
_KEEP_S = 1.0
"""What is known to be good is kept so long after it became so: a burst costs one write."""
_KEEP_SHARE = 0.05
"""How much of the time may go into keeping it: all Ingresses of a large cluster are 20 MB."""


class Wishes:
    """The volume may be full, read-only, not there. The worker alone reads and writes it.

    `prepare` and `publish` raise OSError then; what can wait calls `failed` with it.
    """

    def __init__(self, volume: Volume, worker: Worker, failed: Callable[[OSError], None]) -> None:
        self._volume = volume
        self._worker = worker
        self._failed = failed
        self._claim: int | None = None
        self._publisher = Publisher(volume)
        self._endpoints = EndpointsPublisher(volume)
        self._persistence = Persistence(volume)
        self._answers = Answers(volume.status)
        self._checks = Answers(volume.checked)
        self._check: Wish | None = None
        self._has_published = False
        self._has_news = asyncio.Event()

    async def prepare(self) -> Recalled:
        """Claim the volume, make its folders, and return what an earlier process has learned."""
        return await self._worker.run(self._prepare)

    async def first_status(self) -> Status | None:
        """Wait for the reloader to report its nginx; None where it does not in time."""
        return await first_status(self._volume, _RELOADER_PATIENCE_S)

    async def publish(self, attempt: Attempt) -> int:
        """Make this the wish, and return its generation.

        The first attempt is only written where the volume does not hold the same already.
        """
        wish = await self._worker.run(lambda: self._adopt(attempt) or self._write(attempt))
        self._has_published = True
        self._answers.expect(wish.generation)
        return wish.generation

    async def publish_endpoints(self, attempt: Attempt) -> int | None:
        """Have nginx take what comes without a reload; before the wish that needs it.

        Returns their version; None where nginx takes none. A trial is made of a snapshot that
        may be an older one, so the endpoints of names that are known already stay.
        """
        if not attempt.rendering.programs:
            return None
        lines, newest = attempt.rendering.endpoints, not attempt.is_trial
        return await self._worker.run(lambda: self._endpoints.publish(lines, newest=newest))

    def expect_endpoints(self, version: int) -> None:
        """Look closely for the answer to these endpoints, since no wish comes with them."""
        self._answers.expect_endpoints(version)

    def settle_endpoints(self, attempt: Attempt) -> None:
        """Take note that nginx serves this, and that it is the newest wish."""
        self._endpoints.settle(attempt.rendering.endpoints)

    def answers(self) -> AsyncIterator[Status]:
        """Return each answer of the reloader, also to wishes of earlier processes."""
        return self._answers.follow()

    async def check(self, attempt: Attempt) -> None:
        """Have the reloader check an attempt that is not to be served."""
        self._check = await self._worker.run(partial(self._write_check, attempt))
        self._checks.expect(self._check.generation)

    async def checked(self) -> AsyncIterator[Status]:
        """Return each answer to the newest check."""
        async for status in self._checks.follow():
            check = self._check
            if check and (status.generation, status.hash) == (check.generation, check.hash):
                self._check = None
                await self._try(self._publisher.drop_check)
                yield status

    async def is_damaged(self, status: Status) -> bool:
        """Whether nginx could not read a file because it is not what was written."""
        file = named_file(status)
        return bool(file) and not await self._worker.run(lambda: self._publisher.is_intact(file))

    async def repair(self) -> None:
        """Write again what was deleted from the volume or damaged."""
        await self._try(self._publisher.repair)
        await self._try(self._endpoints.repair)

    async def sweep(self, generation: int) -> None:
        """Delete files that no wish from this one on needs."""
        await self._try(lambda: self._publisher.sweep(generation))

    async def room(self) -> tuple[int, bool]:
        """Return how many bytes are free, and whether the wish may be copied already.

        No bytes where the volume is away, which no Ingress is to pay for either.
        """
        try:
            return await self._worker.run(self._publisher.room)
        except OSError:
            return 0, True

    def keep(self) -> None:
        """Have what is known to be good kept for the next process, soon."""
        self._has_news.set()

    async def keep_for_good(self, newest: Callable[[], tuple[LastGood, bool]]) -> None:
        """Keep what is known to be good whenever there is news of it, until cancelled.

        `newest` returns it, and whether this volume has held a whole configuration.
        """
        while True:
            await self._has_news.wait()
            await asyncio.sleep(_KEEP_S)
            self._has_news.clear()
            (known, has_been_whole), began = newest(), time.monotonic()
            keep = partial(self._persistence.keep_known, known, has_been_whole=has_been_whole)
            await self._try(keep)
            await asyncio.sleep((time.monotonic() - began) / _KEEP_SHARE)

    async def _try(self, write: Callable[[], None]) -> None:
        try:
            await self._worker.run(write)
        except OSError as error:
            self._failed(error)

    # --- by the worker ------------------------------------------------------------------------

    def _prepare(self) -> Recalled:
        if self._claim is None:
            self._claim = claim(self._volume)
        self._publisher.prepare()
        self._endpoints.prepare()
        return self._persistence.recall()

    def _adopt(self, attempt: Attempt) -> Wish | None:
        """Take over the wish on the volume where it says the same: a restart changes nothing."""
        wish = self._publisher.last
        if self._has_published or wish is None:
            return None
        if attempt.rendering.body(wish.generation) != wish.body:
            return None
        self._publisher.publish(wish, attempt.files())
        return wish

    def _write_check(self, attempt: Attempt) -> Wish:
        body = attempt.rendering.body(_CHECKED_GENERATION)
        return self._publisher.publish_check(body, attempt.files())

    def _write(self, attempt: Attempt) -> Wish:
        generation = self._publisher.next_generation()
        wish = Wish.of(generation, attempt.rendering.body(generation))
        self._persistence.keep_quarantine(attempt.inputs.quarantine)
        self._publisher.publish(wish, attempt.files())
        log.debug(Event.CONFIG_PUBLISHED, generation=generation)
        return wish
