"""Counts what a computation calls, to compare inputs of different sizes; no clock is asked."""

import sys
from collections.abc import Callable

FOUR_TIMES = 4
_SLACK = 1.5


def calls(compute: Callable[[], object]) -> int:
    """How many functions are called and generators resumed, in Python and in C."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        compute()
    finally:
        sys.setprofile(before)
    return count


def assert_linear(compute: Callable[[int], Callable[[], object]], size: int) -> None:
    """`compute(n)` prepares an input of size n; its computation may grow as n does."""
    compute(1)()  # what is made once is not counted
    small, large = calls(compute(size)), calls(compute(FOUR_TIMES * size))
    assert large < FOUR_TIMES * _SLACK * small, f"{small} calls of {size}, {large} of four times it"
