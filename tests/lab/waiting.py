"""Waits for conditions, never for time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, within_s: float = 10.0, every_s: float = 0.05) -> T:
    """The first true answer of `condition`; its AssertionErrors and OSErrors count as not yet.

    When time is up, an AssertionError that tells the last answer.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            answer, told = condition(), None
        except (AssertionError, OSError) as error:
            answer, told = None, error
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within_s} s; last: {told or answer!r}") from told
        time.sleep(every_s)
