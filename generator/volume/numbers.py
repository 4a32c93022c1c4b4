"""Numbers of what is written to the volume: each is higher than any before it."""

from collections.abc import Iterable

_MOST = 10**15
"""More than there will ever be: counting on from what another user wrote there comes to no end
of the numbers that the contract takes."""


def next_number(own: int, told: Iterable[int] = ()) -> int:
    """Return the number after our own last one (0: none) and those that others told."""
    return 1 + max(own, *(number for number in told if number < _MOST), 0)
