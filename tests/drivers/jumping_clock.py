"""Time for tests that wait: it stands still but for jumps to the next timer."""

import asyncio


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer instead of passing."""

    def __init__(self):
        super().__init__()
        self._jumped = 0.0

    def time(self):
        return self._jumped

    def _run_once(self):
        if not self._ready and self._scheduled:
            self._jumped = max(self._jumped, self._scheduled[0].when())
        super()._run_once()


def run(coroutine):
    """Run this with a clock of its own, which begins at 0."""
    loop = JumpingLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
