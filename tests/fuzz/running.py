"""Runs a property: a short, repeatable round, or rounds for as long as FUZZ_SECONDS says."""

import os
import random
import time
from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))


def holds_for(examples: SearchStrategy, check: Callable[[object], None], *, most: int) -> None:
    """Check that many examples; with FUZZ_SECONDS other ones again and again."""
    deadline = time.monotonic() + SECONDS
    while True:

        @settings(
            max_examples=most,
            derandomize=not SECONDS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(examples)
        def round_(example):
            check(example)

        if SECONDS:
            seed(random.getrandbits(64))(round_)
        round_()
        if time.monotonic() >= deadline:
            return
