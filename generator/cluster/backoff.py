"""How long to wait before trying again."""

import random
from collections.abc import Callable

from msgspec import Struct


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
    """The same while no one answers: trying burdens no one, and its return is seen soon."""
    refused_cap_s: float = 4.0
    """The same while it refuses (403, 404), until someone grants it."""
    tell_after_s: float = 1.0
    """A refusal is told when it lasts: an apiserver that starts refuses everyone for a moment."""
    steady_s: float = 10.0
    """A watch that lived this long ends a series of failures."""
    confirm_empty_s: float = 1.0
    """Before an empty list after a full one is believed, it is asked for again."""
    give_up_s: float = 10.0
    """How long a refused list holds up readiness."""
    hold_s: float = 2.0
    """How long a change waits for the objects it newly names."""
    poll_s: float = 30.0
    """How often objects asked for by name are looked at that found no place for a watch."""


class Backoff:
    """Waits that double, each drawn between zero and its ceiling (full jitter)."""

    def __init__(self, first_s: float, draw: Callable[[], float] = random.random) -> None:
        self._first_s = first_s
        self._draw = draw
        self._failures = 0

    def next_s(self, cap_s: float) -> float:
        """How long to wait after one more failure."""
        ceiling = min(cap_s, self._first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return ceiling * self._draw()

    def reset(self) -> None:
        """All is well again."""
        self._failures = 0
