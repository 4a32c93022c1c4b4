"""No thread is held for long by Python's own housekeeping."""

import gc
import sys

import pytest

from generator import interpreter


@pytest.fixture(autouse=True)
def kept():
    """The settings of this process, which the test may change."""
    interval, callbacks = sys.getswitchinterval(), [*gc.callbacks]
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.callbacks[:] = callbacks
    sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    ("long_s", "generation", "is_frozen"), [(-1, 2, True), (60, 2, False), (-1, 1, False)]
)
def test_what_survives_a_long_full_collection_is_set_apart(
    monkeypatch, long_s, generation, is_frozen
):
    monkeypatch.setattr(interpreter, "_LONG_S", long_s)
    gc.disable()  # so that none begins by itself
    interpreter.keep_turns_short()
    gc.collect(generation)
    gc.enable()
    assert (gc.get_freeze_count() > 0) == is_frozen


def test_threads_take_turns_faster_than_by_default():
    sys.setswitchinterval(0.005)
    interpreter.keep_turns_short()
    assert sys.getswitchinterval() == pytest.approx(0.001)
