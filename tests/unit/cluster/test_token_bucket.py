from generator.cluster.token_bucket import TokenBucket


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_burst_is_free_and_then_one_token_comes_each_interval():
    bucket = TokenBucket(3, 2.0, Clock())

    assert [bucket.reserve_s() for _ in range(6)] == [0.0, 0.0, 0.0, 2.0, 4.0, 6.0]


def test_a_bucket_refills_up_to_its_size():
    clock = Clock()
    bucket = TokenBucket(2, 2.0, clock)
    for _ in range(3):
        bucket.reserve_s()
    clock.now += 4.0
    assert [bucket.reserve_s(), bucket.reserve_s()] == [0.0, 2.0]

    clock.now += 1000.0
    assert [bucket.reserve_s() for _ in range(3)] == [0.0, 0.0, 2.0]
