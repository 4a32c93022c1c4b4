"""Which endpoints stand on the volume when: all that a wish needs which may be live."""

import pytest

from generator.volume.endpoints import EndpointsPublisher
from reloader.contract import Endpoints, Status, Volume


@pytest.fixture
def volume(tmp_path):
    (tmp_path / "live").mkdir()
    return Volume(tmp_path)


@pytest.fixture
def publisher(volume):
    made = EndpointsPublisher(volume)
    made.prepare()
    return made


def published(volume):
    found = Endpoints.parse(volume.endpoints.read_bytes())
    return found.version, found.by_upstream()


ONE, TWO = {"one": " 10.0.0.1:80"}, {"two": " 10.0.0.2:80"}


def test_they_get_a_version_of_their_own_and_a_new_one_only_with_news(volume, publisher):
    assert [publisher.publish(ONE), publisher.publish(ONE)] == [1, 1]
    assert publisher.publish(TWO) == 2
    assert published(volume) == (2, {**ONE, **TWO})


def test_what_the_live_wish_needs_stays_until_the_next_one_is_live(volume, publisher):
    publisher.publish(ONE)
    publisher.settle(ONE)
    publisher.publish(TWO)
    assert published(volume)[1] == {**ONE, **TWO}
    publisher.settle(TWO)
    publisher.publish({"two": " 10.0.0.3:80"})
    assert published(volume)[1] == {"two": " 10.0.0.3:80"}


def test_a_trial_brings_no_older_endpoints_back(volume, publisher):
    publisher.publish({"one": " 10.0.0.9:80"})
    publisher.publish({**ONE, **TWO}, newest=False)
    assert published(volume)[1] == {"one": " 10.0.0.9:80", **TWO}


def test_the_next_process_counts_on_and_keeps_what_nginx_may_be_serving(volume, publisher):
    publisher.publish(ONE)
    after = EndpointsPublisher(volume)
    after.prepare()
    assert after.publish(TWO) == 2
    assert published(volume)[1] == {**ONE, **TWO}


def test_a_version_is_higher_than_what_the_reloader_has_told(volume, publisher):
    status = Status(generation=1, hash="", applied=True, serving=1, endpoints=41)
    volume.status.write_bytes(status.encode())
    assert publisher.publish(ONE) == 42


def test_none_are_a_message_too_so_that_nginx_has_one_to_go_on_from(volume, publisher):
    assert publisher.publish({}) == 1
    assert published(volume) == (1, {})


def test_what_is_taken_away_is_written_again(volume, publisher):
    publisher.publish(ONE)
    volume.endpoints.unlink()
    publisher.repair()
    assert published(volume) == (1, ONE)
