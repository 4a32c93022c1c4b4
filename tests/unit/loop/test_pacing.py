"""When attempts are made, and since when a change has waited. The clock moves by jumps alone."""

import asyncio

import pytest

from generator.loop.pacing import Pacing
from tests.drivers.jumping_clock import run


class Clock:
    """Moved by hand, for what does not wait."""

    now = 0.0

    def __call__(self):
        return self.now


async def due(pacing):
    """Return when the next attempt is made."""
    await pacing.due()
    return round(asyncio.get_running_loop().time(), 3)


def pacing_of_the_loop(longest_s=0.5):
    return Pacing(longest_s, asyncio.get_running_loop().time)


def test_nothing_is_due_without_news():
    async def wait():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(due(pacing_of_the_loop()), 1000)

    run(wait())


def test_each_retry_waits_twice_as_long_up_to_5_s():
    async def retried():
        pacing, pauses, before = pacing_of_the_loop(), [], 0.0
        for _ in range(6):
            pacing.retry()
            now = await due(pacing)
            pauses.append(now - before)
            before = now
        return pauses

    assert run(retried()) == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_after_a_success_retries_are_quick_again():
    async def retried():
        pacing = pacing_of_the_loop()
        for _ in range(3):
            pacing.retry()
            before = await due(pacing)
        pacing.applied()
        pacing.retry()
        return await due(pacing) - before

    assert run(retried()) == 0.5


def test_what_changes_during_a_pause_does_not_wait_for_its_end():
    async def changed():
        pacing = pacing_of_the_loop()
        pacing.retry_in(5)
        asyncio.get_running_loop().call_later(1, pacing.changed)
        return await due(pacing)

    assert run(changed()) == 1.0


def test_attempts_are_spaced_while_workers_drain():
    async def spaced():
        pacing = pacing_of_the_loop()
        pacing.changed()
        await due(pacing)
        pacing.draining(12)
        await asyncio.sleep(0.1)
        pacing.changed()
        return await due(pacing)

    assert run(spaced()) == 1.0


def test_a_change_waits_since_the_first_that_no_wish_has():
    clock = Clock()
    pacing = Pacing(0.5, clock)
    for clock.now in (3.0, 4.0):
        pacing.changed()
    clock.now = 5.0
    assert pacing.waiting_since() == 3.0


def test_once_it_is_published_nothing_waits():
    clock = Clock()
    pacing = Pacing(0.5, clock)
    pacing.changed()
    pacing.settled()
    clock.now = 5.0
    assert pacing.waiting_since() == 5.0


def test_what_was_withdrawn_has_waited_since_it_came():
    clock = Clock()
    pacing = Pacing(0.5, clock)
    clock.now = 5.0
    pacing.wait_since(2.0)
    pacing.changed()
    assert pacing.waiting_since() == 2.0
