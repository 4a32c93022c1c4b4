"""The volume as the loop uses it: wishes go out, answers come in, and what is good is kept."""

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog

from generator.log_events import Event
from generator.loop.attempt import Attempt
from generator.loop.diagnosis import named_file
from generator.quarantine.holds import Quarantine
from generator.translation import LastGood
from generator.volume.answers import Answers, first_status
from generator.volume.persistence import Persistence
from generator.volume.publisher import Publisher, claim
from reloader.contract import Status, Volume, Wish

log = structlog.get_logger()

_RELOADER_PATIENCE_S = 5.0
"""How long to wait for the reloader to say what nginx can do; then the least is assumed."""
_KEEP_S = 1.0
"""What is known to be good is kept so long after it became so: a burst costs one write."""


class Wishes:
    """The volume may be full, read-only, not there.

    `prepare` and `publish` raise OSError then; what can wait calls `failed` with it.
    """

    def __init__(self, volume: Volume, failed: Callable[[OSError], None]) -> None:
        self._volume = volume
        self._failed = failed
        self._claim: int | None = None
        self._publisher = Publisher(volume)
        self._persistence = Persistence(volume)
        self._answers = Answers(volume)
        self._has_published = False
        self._keeping: asyncio.TimerHandle | None = None

    def prepare(self) -> tuple[Quarantine, LastGood]:
        """Claim the volume, make its folders, and return what an earlier process has learned."""
        if self._claim is None:
            self._claim = claim(self._volume)
        self._publisher.prepare()
        return self._persistence.recall()

    async def first_status(self) -> Status | None:
        """Wait for the reloader to report its nginx; None where it does not in time."""
        return await first_status(self._volume, _RELOADER_PATIENCE_S)

    def publish(self, attempt: Attempt) -> int:
        """Make this the wish, and return its generation.

        The first attempt is only written where the volume does not hold the same already.
        """
        wish = self._adopt(attempt) or self._write(attempt)
        self._has_published = True
        self._answers.expect(wish.generation)
        return wish.generation

    def answers(self) -> AsyncIterator[Status]:
        """Return each answer of the reloader, also to wishes of earlier processes."""
        return self._answers.follow()

    def is_damaged(self, status: Status) -> bool:
        """Whether nginx could not read a file because it is not what was written."""
        file = named_file(status)
        return bool(file) and not self._publisher.is_intact(file)

    def repair(self) -> None:
        """Write again what was deleted from the volume or damaged."""
        self._try(self._publisher.repair)

    def sweep(self, generation: int) -> None:
        """Delete files that no wish from this one on needs."""
        self._try(lambda: self._publisher.sweep(generation))

    def keep(self, last_good: Callable[[], LastGood]) -> None:
        """Keep what is known to be good for the next process, soon."""
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._keeping = loop.call_later(_KEEP_S, self._keep, last_good)

    def _keep(self, last_good: Callable[[], LastGood]) -> None:
        self._keeping = None
        self._try(lambda: self._persistence.keep_known(last_good()))

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._failed(error)

    def _adopt(self, attempt: Attempt) -> Wish | None:
        """Take over the wish on the volume where it says the same: a restart changes nothing."""
        wish = self._publisher.last
        if self._has_published or wish is None:
            return None
        if attempt.rendering.body(wish.generation) != wish.body:
            return None
        self._publisher.publish(wish, attempt.translation.model.files())
        return wish

    def _write(self, attempt: Attempt) -> Wish:
        generation = self._publisher.next_generation()
        wish = Wish.of(generation, attempt.rendering.body(generation))
        self._persistence.keep_quarantine(attempt.inputs.quarantine)
        self._publisher.publish(wish, attempt.translation.model.files())
        log.debug(Event.CONFIG_PUBLISHED, generation=generation)
        return wish
