"""How long to wait before a request is repeated."""

import random
from collections.abc import Callable
from enum import Enum, auto

from msgspec import Struct

from generator.cluster.errors import ClusterError, Refused


class Timing(Struct, frozen=True, kw_only=True):
    """Every wait of this room."""

    connect_s: float = 5.0
    """For a connection, TLS included."""
    read_s: float = 30.0
    """Between two bytes of an answer."""
    silence_s: float = 90.0
    """Of a watch: the apiserver sends a bookmark about once a minute."""
    watch_s: tuple[float, float] = (300.0, 600.0)
    """How long a watch is asked for, drawn anew each time."""
    first_s: float = 0.1
    """The longest wait after a first failure; doubles with each."""
    cap_s: float = 4.0
    """The longest wait when the apiserver is in trouble (5xx, 429); see decision 0082."""
    retry_after_cap_s: float = 30.0
    """The longest wait that it may ask for (Retry-After)."""
    unreachable_cap_s: float = 2.0
    """The longest wait while it does not answer: retries burden nothing, and find it soon."""
    refused_cap_s: float = 4.0
    """The longest wait while it refuses (403, 404), until access is granted."""
    log_refusal_after_s: float = 1.0
    """Only a refusal that lasts is logged: a starting apiserver refuses everything for a moment."""
    steady_s: float = 10.0
    """A watch that lived this long ends a series of failures."""
    confirm_empty_s: float = 1.0
    """Before an empty list after a full one is believed, it is asked for again."""
    give_up_s: float = 10.0
    """How long a refused list holds up readiness."""
    hold_s: float = 2.0
    """How long a change waits for the objects it newly names."""
    correct_first_s: float = 1.0
    """The longest wait before a status that another writer replaced is written again; doubles."""
    correct_cap_s: float = 60.0
    """The longest wait where it is replaced again and again."""
    poll_s: float = 30.0
    """How often objects asked for by name are fetched for which no watch is free."""


class Backoff:
    """Waits that double, each drawn between zero and its ceiling (full jitter)."""

    def __init__(self, first_s: float, draw: Callable[[], float] = random.random) -> None:
        self._first_s = first_s
        self._draw = draw
        self._failures = 0

    def next_s(self, cap_s: float) -> float:
        """Return how long to wait after one more failure."""
        ceiling = min(cap_s, self._first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return ceiling * self._draw()

    def reset(self) -> None:
        """Begin a new series, after a success."""
        self._failures = 0


class _Failure(Enum):
    """The kinds of failure."""

    UNREACHABLE = auto()
    REFUSED = auto()
    BUSY = auto()


class FailureBackoff:
    """A series of waits for each kind of failure.

    An apiserver that comes back after an hour refuses for a second, and must not be
    left alone for long because of the hour.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._series = {failure: Backoff(timing.first_s) for failure in _Failure}

    def next_s(self, error: ClusterError) -> float:
        """Return how long to wait after this failure."""
        timing = self._timing
        if not isinstance(error, Refused):
            return self._series[_Failure.UNREACHABLE].next_s(timing.unreachable_cap_s)
        if error.status == 429 or error.status >= 500:
            wait_s = self._series[_Failure.BUSY].next_s(timing.cap_s)
        else:
            wait_s = self._series[_Failure.REFUSED].next_s(timing.refused_cap_s)
        return wait_s + min(error.retry_after_s, timing.retry_after_cap_s)

    def reset(self) -> None:
        """Begin every series anew."""
        for series in self._series.values():
            series.reset()
