"""A thread beside the loop, for work that may be long."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Runs what it is given one by one, so that probes are answered and watches go on meanwhile.

    A daemon, unlike the threads of asyncio and concurrent.futures: the process ends at once,
    however long the work at hand would take.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, name="worker", daemon=True).start()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises; once begun it is never stopped."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                result = work()
            except StopIteration as error:  # which no future takes
                _tell(loop, done, done.set_exception, RuntimeError(repr(error)))
            except BaseException as error:  # noqa: BLE001 - it goes to who waits
                _tell(loop, done, done.set_exception, error)
            else:
                _tell(loop, done, done.set_result, result)

        self._jobs.put(job)
        return await done

    def _work(self) -> None:
        while True:
            self._jobs.get()()


def _tell(
    loop: asyncio.AbstractEventLoop,
    done: "asyncio.Future[T]",
    tell: Callable[..., None],
    outcome: object,
) -> None:
    """Hand over an outcome, unless nobody waits for it any more."""

    def unless_cancelled() -> None:
        if not done.done():
            tell(outcome)

    try:
        loop.call_soon_threadsafe(unless_cancelled)
    except RuntimeError:
        return  # the loop has ended
