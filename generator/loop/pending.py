"""Wishes that were put on the volume and wait for an answer, and what outlives this process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

import structlog
from msgspec import Struct
from msgspec.structs import replace

from generator.log_events import Event
from generator.loop.attempt import Attempt
from generator.loop.blame import named_file
from generator.quarantine.holds import Quarantine
from generator.translation import LastGood
from generator.volume.answers import Answers
from generator.volume.persistence import Persistence
from generator.volume.publisher import Publisher, claim
from reloader.contract import Status, Volume, Wish

log = structlog.get_logger()

_KEEP_S = 1.0
"""What is known to be good is kept so long after it became so: a burst costs one write."""


class PendingWish(Struct, frozen=True):
    """A wish that has no answer yet."""

    attempt: Attempt
    changed_at: float
    durations: Mapping[str, float]


class PendingWishes:
    """Methods that write may raise OSError: the volume is full, read-only, not there."""

    def __init__(self, volume: Volume, now: Callable[[], float] = time.monotonic) -> None:
        self._volume = volume
        self._claim: int | None = None
        self._publisher = Publisher(volume)
        self._memory = Persistence(volume)
        self._answers = Answers(volume)
        self._now = now
        self._published: dict[int, PendingWish] = {}
        self._has_published = False
        self._keeping: asyncio.TimerHandle | None = None

    def prepare(self) -> tuple[Quarantine, LastGood]:
        """Claim the volume, make its folders, and give what an earlier process has learned."""
        if self._claim is None:
            self._claim = claim(self._volume)
        self._publisher.prepare()
        return self._memory.recall()

    @property
    def are_open(self) -> bool:
        """Whether one waits for its answer."""
        return bool(self._published)

    @property
    def trial_is_open(self) -> bool:
        """Whether one that is a proof waits for its answer."""
        return any(p.attempt.inputs.quarantine.trying for p in self._published.values())

    def publish(self, attempt: Attempt, began: float, changed_at: float) -> None:
        """Make this the wish; the first one only if the volume does not hold it already."""
        wish = self._adopt(attempt) or self._write(attempt)
        self._has_published = True
        durations = {
            "gather": (began - changed_at) * 1000,
            **attempt.durations,
            "publish": (self._now() - began) * 1000 - sum(attempt.durations.values()),
        }
        self._published[wish.generation] = PendingWish(attempt, changed_at, durations)
        self._answers.expect(wish.generation)

    def amend(self, attempt: Attempt) -> None:
        """Take another attempt with the same text for what the newest wish is of."""
        newest = max(self._published)
        self._published[newest] = replace(self._published[newest], attempt=attempt)

    async def follow(self) -> AsyncIterator[tuple[Status, PendingWish | None]]:
        """Return each answer, with the wish that it is about if that was ours and is open."""
        async for status in self._answers.follow():
            found = self._published.get(status.generation)
            if found:
                later = {g: p for g, p in self._published.items() if g > status.generation}
                self._published = later
            yield status, found

    def is_damaged(self, status: Status) -> bool:
        """Whether nginx could not read a file since it is not what we wrote."""
        file = named_file(status)
        return bool(file) and not self._publisher.is_intact(file)

    def mend(self) -> None:
        """Write again what somebody took from the volume, or damaged."""
        self._publisher.mend()

    def sweep(self, generation: int) -> None:
        """Delete files that no wish needs any more."""
        self._publisher.sweep(generation)

    def keep(self, known: Callable[[], LastGood], failed: Callable[[OSError], None]) -> None:
        """Keep what is known to be good, soon."""
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._keeping = loop.call_later(_KEEP_S, self._keep, known, failed)

    def _keep(self, known: Callable[[], LastGood], failed: Callable[[OSError], None]) -> None:
        self._keeping = None
        try:
            self._memory.keep_known(known())
        except OSError as error:
            failed(error)

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
        self._memory.keep_quarantine(attempt.inputs.quarantine)
        self._publisher.publish(wish, attempt.translation.model.files())
        log.debug(Event.CONFIG_PUBLISHED, generation=generation)
        return wish
