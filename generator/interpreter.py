"""Has Python let no thread hold the others for long."""

import gc
import sys
import time
from collections.abc import Mapping

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
    gc.callbacks.append(_Survivors())


class _Survivors:
    """Called by the collector when it begins and when it has ended."""

    def __init__(self) -> None:
        self._began = 0.0

    def __call__(self, phase: str, collection: Mapping[str, int]) -> None:
        if collection["generation"] != _FULL:
            return
        if phase == "start":
            self._began = time.thread_time()
        elif time.thread_time() - self._began > _LONG_S:
            gc.freeze()
