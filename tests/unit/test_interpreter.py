"""No thread is held for long by Python's own housekeeping."""

import gc
import sys
import threading

import pytest

from generator import interpreter
from tests.lab.waiting import eventually


@pytest.fixture(autouse=True)
def kept():
    """The settings of this process, which the test may change."""
    interval, callbacks = sys.getswitchinterval(), [*gc.callbacks]
    gc.unfreeze()
    gc.disable()  # so that no collection begins by itself
    yield
    gc.enable()
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
    gc.callbacks.append(interpreter._Survivors())
    gc.collect(generation)
    assert (gc.get_freeze_count() > 0) == is_frozen


def test_a_long_collection_is_followed_by_one_of_what_is_left(monkeypatch):
    survivors, seen = interpreter._Survivors(), []
    gc.callbacks.extend([survivors, lambda phase, _: seen.append(phase)])
    monkeypatch.setattr(interpreter, "_LONG_S", -1)
    gc.collect()
    monkeypatch.setattr(interpreter, "_LONG_S", 60)
    threading.Thread(target=survivors.recount, daemon=True).start()
    eventually(lambda: seen == ["start", "stop"] * 2)


def test_threads_take_turns_faster_than_by_default():
    sys.setswitchinterval(0.005)
    interpreter.keep_turns_short()
    assert sys.getswitchinterval() == pytest.approx(0.001)
