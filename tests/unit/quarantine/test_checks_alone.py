"""The search where the reloader does checks, and what is held being tried again by itself."""

import pytest

from generator.loop.transitions import Do, after_capabilities, after_clock
from generator.nginx.capabilities import Capabilities
from generator.quarantine.bisection import RETRY_S, is_retry_due, retried
from generator.quarantine.holds import Quarantine
from tests.drivers.fake_nginx_loop import CONFIG_MAP, Loop, both, by_line, fresh, refusal, silently
from tests.unit.quarantine.test_bisection import BAD, bad, shop

NOW = 1_700_000_000.0
OTHER_NGINX = Capabilities.of("1.99.0", ["http_v2_module", "http_ssl_module"])


def checking(judge, **learned):
    return Loop(judge, fresh(can_check=True, now=NOW, **learned))


def options(read_timeout):
    metadata = {"name": CONFIG_MAP.name, "namespace": CONFIG_MAP.namespace}
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"proxy-read-timeout": read_timeout}}


def served_by(loop):
    """The wishes that nginx took, without what was only checked."""
    return [a for a in loop.attempts if a not in loop.refused and not a.inputs.quarantine.alone]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_culprits_are_found_without_a_reload(count):
    loop = checking(silently(BAD)).serve(shop("old"))
    before = len(served_by(loop))
    culprits = {f"bad{n}" for n in range(count)}
    loop.serve(shop("old"), *(bad(name) for name in culprits), *(shop(f"a{n}") for n in range(60)))
    assert set(loop.held) == culprits
    assert all(f"server_name a{n}.test" in loop.served for n in range(60))
    # one without suspects, one with all that were cleared, which may be the same as the last
    assert len(served_by(loop)) - before <= 3


def test_what_is_checked_holds_nothing_but_the_suspects():
    loop = checking(silently(BAD)).serve(shop("old"))
    loop.serve(shop("old"), bad("b"), shop("c"), shop("d"))
    alone = [a for a in loop.attempts if a.inputs.quarantine.alone]
    assert alone
    assert all("server_name old.test" not in a.rendering.body(1).decode() for a in alone)


def test_two_that_nginx_refuses_only_together_are_found_by_serving():
    def judge(text):
        both_there = "server_name x.test" in text and "server_name y.test" in text
        return refusal() if both_there else None

    loop = checking(judge).serve(shop("old"))
    loop.serve(shop("old"), shop("x"), shop("y"), *(shop(f"a{n}") for n in range(20)))
    assert len(loop.held) == 1
    assert set(loop.held) < {"x", "y"}
    assert all(f"server_name a{n}.test" in loop.served for n in range(20))
    assert not loop.state.quarantine.together


def test_a_line_in_what_is_checked_convicts_at_once():
    silent_where_whole = both(
        lambda text: refusal() if BAD in text and "server_name old.test" in text else None,
        by_line(BAD),
    )
    loop = checking(silent_where_whole).serve(shop("old"))
    loop.serve(shop("old"), *(bad(f"b{n}") for n in range(4)), shop("c"))
    assert set(loop.held) == {f"b{n}" for n in range(4)}


def test_while_suspects_are_missing_nginx_says_that_it_is_not_ready_and_never_again_later():
    loop = checking(silently(BAD))
    loop.serve(shop("a"), bad("b"))
    first, *rest = [a.inputs.surroundings.is_whole for a in served_by(loop)]
    assert (first, rest[-1]) == (False, True)
    assert "location = /readyz {\n            return 200;" in loop.served
    before = len(served_by(loop))
    loop.serve(shop("a"), bad("b"), bad("c"), shop("d"))
    assert all(a.inputs.surroundings.is_whole for a in served_by(loop)[before:])


def test_an_installation_whose_options_are_in_doubt_is_not_whole():
    loop = checking(lambda text: refusal() if "4242" in text else None)
    loop.serve(shop("a"), options("4242"))
    whole = [a.inputs.surroundings.is_whole for a in served_by(loop)]
    assert whole[0] is False
    assert whole[-1] is True  # once nginx took the others, these are proved to be refused


# --- tried again --------------------------------------------------------------------------------


def problems_of(attempt):
    return {p.object.name.name for p in attempt.inputs.quarantine.problems()}


@pytest.fixture
def held():
    loop = checking(silently(BAD)).serve(shop("a", "/old"), shop("b"))
    loop.serve(bad("a", "/new"), bad("c"), shop("b"))
    assert loop.held == {"a": "LAST_GOOD", "c": "UNAVAILABLE"}
    return loop


def tick(loop, now, *things):
    loop.state, do = after_clock(loop.state, now)
    before = len(loop.attempts)
    loop.serve(*things)
    return do, loop.attempts[before:]


GIVEN = (bad("a", "/new"), bad("c"), shop("b"))


def test_what_is_held_is_tried_again_after_a_day_and_released_where_nginx_takes_it(held):
    held.judge = silently("no such text")
    do, attempts = tick(held, NOW + RETRY_S - 60, *GIVEN)
    assert (do, [a for a in attempts if a.is_trial]) == (Do.WAIT, [])
    do, _ = tick(held, NOW + RETRY_S, *GIVEN)
    assert do is Do.ATTEMPT
    assert held.held == {}
    assert "location /new/" in held.served
    assert held.state.quarantine.problems() == ()


def test_what_is_refused_again_is_held_as_it_was_and_its_problem_never_goes(held):
    before = len(held.refused)
    _, attempts = tick(held, NOW + RETRY_S, *GIVEN)
    assert held.held == {"a": "LAST_GOOD", "c": "UNAVAILABLE"}
    assert len(held.refused) > before
    assert all(problems_of(a) == {"a", "c"} for a in attempts if not a.inputs.quarantine.alone)
    assert all("location /old/" in a.rendering.body(1).decode() for a in served_by(held)[-1:])
    _, attempts = tick(held, NOW + RETRY_S + 60, *GIVEN)
    assert not [a for a in attempts if a.is_trial]  # not again before another day


def test_what_is_held_is_tried_again_under_another_nginx(held):
    held.judge = silently("no such text")
    held.state, do = after_capabilities(held.state, OTHER_NGINX, can_check=True)
    assert do is Do.ATTEMPT
    held.serve(*GIVEN)
    assert held.held == {}


def test_what_is_held_is_tried_again_with_other_options(held):
    held.judge = silently("no such text")
    held.serve(*GIVEN, options("70"))
    assert held.held == {}


def test_a_clock_that_jumps_back_releases_for_one_trial_not_for_ever(held):
    _, attempts = tick(held, NOW - 10_000, *GIVEN)
    assert [a for a in attempts if a.is_trial]
    _, attempts = tick(held, NOW - 9_000, *GIVEN)
    assert not [a for a in attempts if a.is_trial]
    assert set(held.held) == {"a", "c"}


def test_of_very_many_refused_certificates_some_are_tried_a_day_and_all_of_them_in_turn():
    files = {f"{n:064}": "no start line" for n in range(50)}
    quarantine = Quarantine(files=files, retried_at=NOW)
    tried = []
    for day in range(1, 4):
        assert is_retry_due(quarantine, "", NOW + day * RETRY_S)
        released = retried(quarantine, "", NOW + day * RETRY_S)
        digests = [digest for digest in quarantine.files if digest not in released.files]
        assert len(digests) <= 20
        tried += digests
        quarantine = released
        for digest in digests:
            quarantine = quarantine.with_file(digest, "no start line")
    assert set(tried) == set(files)


def test_without_checks_what_is_held_is_tried_again_by_serving():
    loop = Loop(silently(BAD), fresh(now=NOW)).serve(shop("a"), bad("b"))
    loop.judge = silently("no such text")
    tick(loop, NOW + RETRY_S, shop("a"), bad("b"))
    assert loop.held == {}
