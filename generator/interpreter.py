"""Has Python let no thread hold the others for long."""

import gc
import sys
import threading
import time
from collections.abc import Mapping
from queue import SimpleQueue

_TURN_S = 0.001
"""Five times shorter than Python's own: an answer to a probe takes some of them."""
_LONG_S = 0.03
_FULL = 2


def keep_turns_short() -> None:
    """Have threads take turns fast, and each long collection be the last that sees what it leaves.

    A full collection of some million objects holds every thread for a second. What is large
    here (objects of a cluster, and what was made of them) has no cycles, so that it goes as
    soon as nobody holds it, whether the collector knows it or not.
    """
    sys.setswitchinterval(_TURN_S)
    survivors = _Survivors()
    gc.callbacks.append(survivors)
    threading.Thread(target=survivors.recount, name="collector", daemon=True).start()


class _Survivors:
    """Called by the collector when it begins and when it has ended."""

    def __init__(self) -> None:
        self._began = 0.0
        # Not an Event: a collection may begin amid its methods, whose lock it holds.
        self._frozen: SimpleQueue[None] = SimpleQueue()

    def __call__(self, phase: str, collection: Mapping[str, int]) -> None:
        if collection["generation"] != _FULL:
            return
        if phase == "start":
            self._began = time.thread_time()
        elif time.thread_time() - self._began > _LONG_S:
            gc.freeze()
            self._frozen.put(None)

    def recount(self) -> None:
        """Have Python take note, by a full collection of next to nothing, that little is left.

        It waits with the next one until a quarter has come to what the last one left,
        and that would be long again.
        """
        while True:
            self._frozen.get()
            gc.collect()
