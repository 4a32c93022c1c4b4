"""What the loop does next, event by event: wishes may overlap, and news come at any time."""

import dataclasses

import pytest
from msgspec.structs import replace

from generator.loop.attempt import AttemptMaker
from generator.loop.state import PendingWish
from generator.loop.transitions import (
    Do,
    after_applied,
    after_attempt,
    after_capabilities,
    after_change,
    after_check_published,
    after_checked,
    after_failed,
    after_published,
    after_refused,
    after_unchecked,
    next_attempt,
)
from generator.nginx.capabilities import Capabilities
from generator.objects import Name
from generator.snapshot import Snapshot
from tests.drivers.fake_nginx_loop import fresh, refusal, whole
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import options
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

MAKER = AttemptMaker()


def shop(name, path="/", **spec):
    return ingress(rule(f"{name}.test", ("Prefix", path, "echo")), name=name, **spec)


def shops(names, *more):
    return whole(*(shop(name) for name in names), *more)


def changed(state, snapshot):
    state, do = after_change(state, snapshot)
    assert do is Do.ATTEMPT
    return state


def wish(state, generation):
    """The next attempt, which has to be a new text, on the volume."""
    state, attempt = next_attempt(state, options(), MAKER)
    state, do = after_attempt(state, attempt)
    assert do is Do.PUBLISH
    state, _ = after_published(state, generation, PendingWish(attempt=attempt))
    return state


def refused(state, generation):
    return after_refused(state, refusal(generation=generation))


def serving(names):
    """nginx serves these."""
    state, _ = after_applied(wish(changed(fresh(), shops(names)), 1), 1)
    return state


def searching(good="a", suspects="bcde"):
    """nginx serves the good ones; of those added, all are suspects and their trial is due."""
    state = wish(changed(serving(good), shops(good + suspects)), 2)
    state, do = refused(state, 2)
    assert do is Do.ATTEMPT
    return settled(state, 3)


def settled(state, generation):
    """What is served while suspects are suspended: mostly what was before."""
    state, attempt = next_attempt(state, options(), MAKER)
    assert not attempt.is_trial
    state, do = after_attempt(state, attempt)
    if do is Do.PUBLISH:
        state, _ = after_published(state, generation, PendingWish(attempt=attempt))
        state, do = after_applied(state, generation)
    assert do is Do.ATTEMPT
    return state


def on_trial(state, generation):
    state = wish(state, generation)
    assert state.trial_is_pending
    return state


def names(each):
    return {name.name for name in each}


# --- wishes and answers -------------------------------------------------------------------------


def test_what_nginx_serves_is_ready_and_nothing_follows():
    state = wish(changed(fresh(), shops("a")), 1)
    assert not state.ready
    state, do = after_applied(state, 1)
    assert (state.ready, do, state.pending) == (True, Do.WAIT, {})
    assert state.serving is state.newest


def test_while_no_reloader_answers_the_newest_wishes_alone_are_kept():
    state = fresh()
    for number in range(1, 30):
        state = wish(changed(state, shops(["a", f"b{number}"])), number)
    assert list(state.pending) == list(range(22, 30))
    state, _ = after_applied(state, 29)
    assert not state.pending


def test_an_ingress_that_adds_no_text_is_served_without_a_wish():
    late = ingress(rule("a.test", ("Prefix", "/", "echo")), name="late")
    state = changed(serving("a"), shops("a", late))
    state, attempt = next_attempt(state, options(), MAKER)
    state, do = after_attempt(state, attempt)
    assert do is Do.WAIT
    assert state.serving is attempt
    assert names(i.name for i in state.serving.translation.ingresses) == {"a", "late"}


def test_an_ingress_that_adds_no_text_is_part_of_the_wish_that_is_pending():
    late = ingress(rule("a.test", ("Prefix", "/", "echo")), name="late")
    state = changed(wish(changed(fresh(), shops("a")), 1), shops("a", late))
    state, attempt = next_attempt(state, options(), MAKER)
    state, do = after_attempt(state, attempt)
    assert (do, state.serving) == (Do.WAIT, None)
    state, _ = after_applied(state, 1)
    assert state.serving is attempt


def test_an_answer_closes_what_it_overtook_and_leaves_what_is_newer():
    state = fresh()
    for generation, which in enumerate(("a", "ab", "abc"), 1):
        state = wish(changed(state, shops(which)), generation)
    state, _ = after_applied(state, 2)
    assert list(state.pending) == [3]
    assert "c.test" in state.newest.rendering.body(3).decode()


def test_a_failed_reload_teaches_nothing_and_the_same_is_published_again():
    before = serving("a")
    state, do = after_failed(wish(changed(before, shops("ab")), 2), 2)
    assert do is Do.RETRY
    assert (state.quarantine, state.admin) == (before.quarantine, before.admin)
    state = wish(state, 3)
    assert "b.test" in state.newest.rendering.body(3).decode()


def test_a_wish_that_fails_beside_a_newer_one_leaves_that_alone():
    state = wish(changed(serving("a"), shops("ab")), 2)
    state = wish(changed(state, shops("abc")), 3)
    newest = state.newest
    state, _ = after_failed(state, 2)
    assert state.newest is newest
    _, attempt = next_attempt(state, options(), MAKER)
    assert after_attempt(state, attempt)[1] is Do.WAIT


def test_where_nginx_refuses_without_the_suspects_too_all_are_let_go_and_it_is_tried_again():
    state, _ = refused(wish(changed(serving("a"), shops("abc")), 2), 2)
    state, attempt = next_attempt(state, options(), MAKER)
    state, _ = after_published(state, 3, PendingWish(attempt=attempt))
    state, do = refused(state, 3)
    assert do is Do.RETRY
    assert not state.quarantine.suspended


def test_of_a_refusal_of_what_is_not_new_no_ingress_is_suspected():
    state, do = refused(wish(changed(serving("a"), Snapshot()), 2), 2)
    assert do is Do.RETRY
    assert not state.quarantine.suspended


# --- trials -------------------------------------------------------------------------------------


def test_not_ready_while_the_first_text_lacks_suspects():
    state, do = refused(wish(changed(fresh(), shops("ab")), 1), 1)
    assert do is Do.ATTEMPT
    state = settled(state, 2)
    assert names(state.quarantine.suspended) == {"a", "b"}
    assert not state.ready


def test_ready_once_the_search_is_over():
    state, _ = refused(wish(changed(fresh(), shops("ab")), 1), 1)
    state = settled(state, 2)
    for generation in (3, 4):
        state, _ = after_applied(on_trial(state, generation), generation)
    assert state.ready
    assert not state.quarantine.suspended


def test_a_trial_has_nothing_new_but_the_suspects_on_trial():
    state = changed(searching("a", "bcde"), shops("abcdef"))
    state = on_trial(state, 4)
    assert names(state.newest.translation.contributions) == {"a", "b", "c"}


def test_a_trial_waits_until_no_wish_is_pending():
    state = changed(replace(searching(), trial_is_due=False), shops("abcdef"))
    state = replace(wish(state, 4), trial_is_due=True)
    _, attempt = next_attempt(changed(state, shops("abcdefg")), options(), MAKER)
    assert not attempt.is_trial


@pytest.mark.parametrize("answer", [after_applied, refused])
def test_after_a_trial_whatever_is_new_goes_before_the_next(answer):
    state = changed(on_trial(searching(), 4), shops("abcdef"))
    state, do = answer(state, 4)
    assert do is Do.ATTEMPT
    state, attempt = next_attempt(state, options(), MAKER)
    assert not attempt.is_trial
    assert "f" in names(attempt.translation.contributions)


@pytest.mark.parametrize("answer", [after_applied, refused])
def test_after_a_trial_the_next_one_follows_where_nothing_is_new(answer):
    state, do = answer(on_trial(searching(), 4), 4)
    assert do is Do.ATTEMPT
    _, attempt = next_attempt(state, options(), MAKER)
    assert attempt.is_trial


def test_changes_without_end_do_not_keep_suspects_from_their_trial():
    state = changed(replace(searching(), trial_is_due=False), shops("abcdef"))
    state = changed(wish(state, 4), shops("abcdefg"))
    state, do = after_applied(state, 4)
    assert do is Do.ATTEMPT
    on_trial(state, 5)


def test_after_the_last_trial_what_has_waited_for_it_follows():
    state, _ = after_applied(on_trial(searching("a", "bc"), 4), 4)
    state = changed(on_trial(state, 5), shops("abcd"))
    state, do = after_applied(state, 5)
    assert do is Do.ATTEMPT
    assert not state.quarantine.suspended


def test_no_trial_is_made_beside_a_measure_that_is_new():
    state, do = refused(on_trial(searching("a", "bc"), 4), 4)
    assert names(state.quarantine.held) == {"b"}
    assert do is Do.ATTEMPT
    _, attempt = next_attempt(state, options(), MAKER)
    assert not attempt.is_trial


def test_a_trial_whose_reload_failed_is_made_again():
    state, _ = after_failed(on_trial(searching(), 4), 4)
    _, attempt = next_attempt(state, options(), MAKER)
    assert attempt.is_trial
    assert attempt.inputs.quarantine.trying == state.quarantine.trying


def checking():
    """What is served lacks the suspects a and b, of which the first is being checked alone."""
    state = replace(serving("s"), can_check=True)
    state, _ = refused(wish(changed(state, shops("sab")), 2), 2)
    state, _ = after_applied(wish(state, 3), 3)
    state, attempt = next_attempt(state, options(), MAKER)
    state, do = after_attempt(state, attempt)
    assert do is Do.CHECK
    return after_check_published(state, attempt)[0]


def cannot_be_judged(state):
    return after_checked(state, dataclasses.replace(refusal(), stage="blocked"))


@pytest.mark.parametrize("missed", [cannot_be_judged, after_unchecked])
def test_a_check_that_could_not_be_made_does_not_hold_up_whatever_is_new(missed):
    state, do = missed(changed(checking(), shops("sabn")))
    assert do is Do.ATTEMPT
    state = wish(state, 4)
    assert names(state.newest.substituted.ingresses) == {"s", "n"}
    state, _ = after_applied(state, 4)
    assert next_attempt(state, options(), MAKER)[1].inputs.quarantine.alone


@pytest.mark.parametrize("missed", [cannot_be_judged, after_unchecked])
def test_a_check_that_could_not_be_made_is_made_later_where_nothing_is_new(missed):
    state, do = missed(checking())
    assert do is Do.RETRY
    assert next_attempt(state, options(), MAKER)[1].inputs.quarantine.alone


def test_a_suspect_that_is_edited_is_not_tried_as_it_was():
    edited = shops("acde", shop("b", "/new"))
    state = changed(searching(), edited)
    state = on_trial(state, 4)
    assert names(state.newest.inputs.quarantine.trying) == {"c"}


# --- what is good -------------------------------------------------------------------------------

TLS = [{"hosts": ["a.test"], "secretName": "tls"}]
SECRET = tls_secret("tls", Authority().issue("a.test"))
NAME = Name("default", "tls")


def test_a_secret_deleted_while_its_wish_is_pending_leaves_no_good_certificate():
    state = wish(changed(fresh(), whole(shop("a", tls=TLS), SECRET)), 1)
    state, _ = after_applied(changed(state, whole(shop("a", tls=TLS))), 1)
    assert NAME not in state.last_good.certificates


BROKEN = {key: value for key, value in SECRET.items() if key not in {"data", "stringData"}}


@pytest.mark.parametrize(("secrets", "served"), [([BROKEN], {NAME}), ([], set())])
def test_a_certificate_of_a_wish_that_is_pending_is_good_unless_its_secret_goes(secrets, served):
    state = wish(changed(fresh(), whole(shop("a", tls=TLS), SECRET)), 1)
    state = changed(state, whole(shop("a", tls=TLS), *secrets))
    _, attempt = next_attempt(state, options(), MAKER)
    assert attempt.translation.certificates.keys() == served


def test_a_deleted_secrets_certificate_is_not_good_any_more():
    state, _ = after_applied(wish(changed(fresh(), whole(shop("a", tls=TLS), SECRET)), 1), 1)
    assert NAME in state.last_good.certificates
    state = changed(state, whole(shop("a", tls=TLS)))
    assert NAME not in state.last_good.certificates


# --- nginx --------------------------------------------------------------------------------------


def test_another_nginx_has_an_attempt_made_and_the_same_one_has_not():
    state = fresh()
    assert after_capabilities(state, state.surroundings.capabilities) == (state, Do.WAIT)
    older = Capabilities.of("1.20.0", ())
    state, do = after_capabilities(state, older)
    assert (state.surroundings.capabilities, do) == (older, Do.ATTEMPT)
