"""A full volume costs the newest of the largest Ingresses its paths, until there is room."""

import pytest

from generator.loop.attempt import AttemptMaker
from generator.loop.state import PendingWish
from generator.loop.transitions import (
    Do,
    after_applied,
    after_change,
    after_full,
    after_published,
    after_room,
    lacks_room,
    next_attempt,
)
from generator.problems import Code
from tests.drivers.fake_nginx_loop import fresh, whole
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import options

GB = 1 << 30


def shop(name, paths):
    listed = [("Exact", f"/{n}", "echo") for n in range(paths)]
    return ingress(rule(f"{name}.test", *listed), name=name)


class Loop:
    """A state, and what is served."""

    def __init__(self):
        self.maker = AttemptMaker()
        self.state = fresh()
        self.generation = 0

    def holds(self, **shops):
        things = (shop(name, paths) for name, paths in shops.items())
        self.state, _ = after_change(self.state, whole(*things))

    def attempt(self):
        self.state, attempt = next_attempt(self.state, options(), self.maker)
        return attempt

    def publishes(self):
        self.generation += 1
        wish = PendingWish(attempt=self.attempt())
        self.state, _ = after_published(self.state, self.generation, wish)

    def serves(self):
        self.publishes()
        self.state, _ = after_applied(self.state, self.generation)

    def is_full(self):
        self.state, do = after_full(self.state, self.attempt())
        return do


@pytest.fixture
def loop():
    """One that serves a small shop and two large ones."""
    loop = Loop()
    loop.holds(old=1, large=400, larger=500)
    loop.serves()
    return loop


def test_a_large_newcomer_goes_before_a_small_one_and_before_what_is_served(loop):
    loop.holds(old=1, large=400, larger=500, newest=400, small=1)
    assert loop.is_full() is Do.ATTEMPT
    assert list(loop.state.shed) == [("default", "newest")]


def test_where_only_small_ones_are_new_the_newest_of_the_largest_goes(loop):
    loop.holds(old=1, large=400, larger=500, small=1)
    assert loop.is_full() is Do.ATTEMPT
    assert list(loop.state.shed) == [("default", "larger")]


def test_one_that_is_shed_is_told_and_all_others_are_served(loop):
    loop.holds(old=1, large=400, newest=400)
    loop.is_full()
    attempt = loop.attempt()
    hosts = {s.host.name: len(s.locations) for s in attempt.translation.model.servers}
    assert (hosts["large.test"], hosts["newest.test"]) == (401, 1)
    ((who, message),) = {
        (str(p.object), p.message)
        for p in attempt.translation.problems
        if p.code is Code.LIMIT_EXCEEDED
    }
    assert who == "default/newest"
    assert "has no room for this Ingress, which takes some" in message


def test_nothing_is_shed_where_that_makes_no_room(loop):
    loop.holds(old=1)
    loop.serves()
    assert loop.is_full() is Do.RETRY
    assert loop.state.shed == {}


def test_it_is_tried_again_once_there_is_room_or_when_it_is_edited(loop):
    loop.holds(old=1, large=400, newest=400)
    loop.is_full()
    loop.serves()
    assert after_room(loop.state, 1)[1] is Do.WAIT
    state, do = after_room(loop.state, GB)
    assert (state.shed, do) == ({}, Do.ATTEMPT)
    loop.holds(old=1, large=400, newest=10)
    assert loop.state.shed == {}


def test_what_is_shed_is_not_known_to_be_good(loop):
    loop.holds(old=1, newest=400)
    loop.is_full()
    loop.serves()
    assert ("default", "newest") not in loop.state.last_good.ingresses


def test_a_wish_that_cannot_be_copied_lacks_room(loop):
    assert not lacks_room(loop.state, 1)
    loop.holds(old=1, newest=400)
    loop.publishes()
    assert lacks_room(loop.state, 1)
    assert not lacks_room(loop.state, GB)
