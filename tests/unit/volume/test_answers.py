"""The reloader's answers, as they come."""

import asyncio

import pytest

from generator.volume.answers import Answers, first_status
from reloader.contract import Status, Volume, write_atomically


@pytest.fixture
def volume(tmp_path):
    (tmp_path / "live").mkdir()
    return Volume(tmp_path)


def answer(volume, generation, version="1.31.3"):
    status = Status(
        generation=generation, hash="", applied=True, serving=generation, nginx_version=version
    )
    write_atomically(volume.status, status.encode())


def test_the_answer_that_is_there_comes_first_then_each_new_one(volume):
    async def scenario():
        answers = Answers(volume.status)
        following = answers.follow()
        answer(volume, 1)
        seen = [(await anext(following)).generation]
        answers.expect(2)
        answer(volume, 2)
        seen.append((await asyncio.wait_for(anext(following), 5)).generation)
        return seen

    assert asyncio.run(scenario()) == [1, 2]


def test_a_file_that_is_none_yet_or_half_an_answer_is_waited_for(volume):
    async def scenario():
        answers = Answers(volume.status)
        answers.expect(1)
        next_one = asyncio.ensure_future(anext(answers.follow()))
        await asyncio.sleep(0)
        volume.status.write_bytes(b'{"generation": 1,')
        await asyncio.sleep(0)
        assert not next_one.done()
        answer(volume, 1)
        return await asyncio.wait_for(next_one, 5)

    assert asyncio.run(scenario()).generation == 1


def test_what_nginx_can_do_is_known_from_the_first_status_that_says_so(volume):
    answer(volume, 0)
    found = asyncio.run(first_status(volume, patience_s=0))
    assert found.nginx_version == "1.31.3"


@pytest.mark.parametrize("silent", [True, False])
def test_a_reloader_that_does_not_say_in_time_is_not_waited_for(silent, volume):
    if not silent:
        answer(volume, 3, version="")
    ticks = iter(range(100))
    found = asyncio.run(first_status(volume, patience_s=2, clock=lambda: next(ticks)))
    assert found is None if silent else found.generation == 3
    assert next(ticks) > 2
