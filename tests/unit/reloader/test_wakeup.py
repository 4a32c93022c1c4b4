import os
import time

from reloader.wakeup import Wake

LONG_S = 30


def test_a_ring_before_the_wait_is_not_lost_even_over_a_pause():
    wake = Wake()
    wake.ring()
    wake.pause(0)
    assert wake.wait(LONG_S)
    assert not wake.wait(0)


def test_once_it_is_stopping_nobody_waits():
    wake = Wake()
    wake.stop()
    started = time.monotonic()
    wake.wait(LONG_S)
    wake.pause(LONG_S)
    wake.wait(LONG_S)
    assert wake.stopping
    assert time.monotonic() - started < LONG_S


def test_a_pause_ends_when_there_is_something_to_read():
    source, sink = os.pipe()
    os.write(sink, b"x")
    started = time.monotonic()
    Wake().pause(LONG_S, source)
    assert time.monotonic() - started < LONG_S
