"""When changes are acted on. The clock stands still but for what the test lets pass."""

import asyncio
from collections import deque

import pytest

from generator.loop.debounce import QUIET_S, Debounce, spacing_s
from tests.drivers.jumping_clock import run


async def acts(changes_at, spacing=0.0, longest_s=0.5):
    """Return the times at which changes at these times are acted on."""
    loop = asyncio.get_running_loop()
    debounce = Debounce(longest_s, loop.time)
    news = asyncio.Event()
    acted = []
    waiting = deque(changes_at)

    async def change():
        while waiting:
            await asyncio.sleep(waiting[0] - loop.time())
            waiting.popleft()
            news.set()

    task = asyncio.create_task(change())
    while waiting or news.is_set():
        await news.wait()
        await debounce.gather(news, spacing)
        acted.append(round(loop.time(), 3))
    await task
    return acted


def test_a_change_after_quiet_is_acted_on_at_once():
    assert run(acts([0.0, 1.0, 2.0])) == [0.0, 1.0, 2.0]


def test_a_burst_is_acted_on_when_it_pauses():
    assert run(acts([0.0, 0.01, 0.02, 0.03])) == [0.0, round(0.03 + QUIET_S, 3)]


def test_a_burst_without_end_is_acted_on_after_the_longest_gathering():
    every_10_ms = [n / 100 for n in range(120)]
    first, second, third, *_ = run(acts(every_10_ms))
    assert (first, second) == (0.0, pytest.approx(0.51, abs=0.02))
    assert third - second == pytest.approx(0.5, abs=0.02)


def test_acts_are_spaced_where_workers_pile_up():
    assert run(acts([0.0, 0.3, 2.0], spacing=1.0)) == [0.0, 1.0, 2.0]


def test_no_change_is_lost_while_acts_are_spaced():
    assert run(acts([0.0, 0.3, 0.6, 1.5], spacing=1.0)) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("generations", "expected_s"), [(0, 0), (8, 0), (10, 0.5), (500, 3.0)])
def test_the_more_generations_drain_the_further_apart(generations, expected_s):
    assert spacing_s(generations) == expected_s
