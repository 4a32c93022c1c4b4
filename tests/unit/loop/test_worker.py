import asyncio
import threading

import pytest

from generator.loop.worker import Worker


def test_what_is_returned_or_raised_reaches_who_waits():
    async def scene():
        worker = Worker()
        assert await worker.run(lambda: 1 + 1) == 2
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 / 0)
        assert await worker.run(lambda: "still at work") == "still at work"

    asyncio.run(scene())


def test_work_is_done_one_piece_after_another():
    async def scene():
        worker, done = Worker(), []
        await asyncio.gather(*(worker.run(lambda n=n: done.append(n)) for n in range(50)))
        return done

    assert asyncio.run(scene()) == list(range(50))


def test_nobody_waits_for_work_that_was_given_up():
    gate, begun = threading.Event(), threading.Event()

    def work():
        begun.set()
        assert gate.wait(30)

    async def scene():
        worker = Worker()
        waiting = asyncio.create_task(worker.run(work))
        await asyncio.to_thread(begun.wait, 30)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return worker

    worker = asyncio.run(scene())  # returns with the gate still shut
    gate.set()
    assert asyncio.run(worker.run(lambda: "next")) == "next"


def test_a_stop_of_an_iterator_is_raised_as_another_error():
    """A future takes none, and who waits would wait for ever."""

    async def work():
        async with asyncio.timeout(60):
            with pytest.raises(RuntimeError, match="StopIteration"):
                await Worker().run(lambda: next(iter(())))

    asyncio.run(work())
