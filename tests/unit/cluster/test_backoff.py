from hypothesis import given, settings
from hypothesis import strategies as st

from generator.cluster.backoff import Backoff


def test_the_longest_wait_doubles_up_to_its_cap_and_starts_again_after_a_success():
    backoff = Backoff(0.5, draw=lambda: 1.0)

    assert [backoff.next_s(3.0) for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next_s(3.0) == 0.5


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=1))
def test_no_wait_is_negative_or_longer_than_the_cap_however_long_it_fails(drawn):
    backoff = Backoff(0.1, draw=lambda: drawn)

    waits = [backoff.next_s(30.0) for _ in range(2000)]

    assert all(0 <= wait <= 30.0 for wait in waits)
