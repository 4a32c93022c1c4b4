import pytest

from generator.cluster.backoff import Timing
from generator.cluster.correction_pacing import CorrectionPacing, WrittenStatus
from generator.cluster.published_addresses import addresses_of_text
from generator.objects import Name

SHOP = Name("default", "shop")
STATUS = WrittenStatus("uid", addresses_of_text(["192.0.2.1"]))


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pacing(clock):
    timing = Timing(correct_first_s=1.0, correct_cap_s=8.0)
    return CorrectionPacing(timing, clock, draw=lambda: 1.0)


def corrected(pacing, clock):
    """Write as soon as allowed; return how long that took."""
    waited_s = pacing.wait_s(SHOP, STATUS)
    clock.now += waited_s
    pacing.note_write(SHOP, STATUS)
    return waited_s


def test_each_correction_waits_twice_as_long_up_to_a_cap(pacing, clock):
    assert [corrected(pacing, clock) for _ in range(7)] == [0.0, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@pytest.mark.parametrize(
    "other",
    [
        WrittenStatus("uid", addresses_of_text(["192.0.2.2"])),
        WrittenStatus("another", STATUS.addresses),
    ],
)
def test_another_address_or_another_object_waits_for_nothing(pacing, other):
    pacing.note_write(SHOP, STATUS)

    assert pacing.wait_s(SHOP, other) == 0.0


def test_a_status_that_stood_long_is_corrected_at_once_and_begins_a_new_series(pacing, clock):
    for _ in range(5):
        corrected(pacing, clock)
    clock.now += 20.0

    assert [corrected(pacing, clock) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_an_ingress_that_was_forgotten_waits_for_nothing(pacing):
    pacing.note_write(SHOP, STATUS)
    pacing.forget(SHOP)

    assert pacing.wait_s(SHOP, STATUS) == 0.0
