"""Who is held, how, and what it costs the others; nginx is a function of the text."""

import random

import pytest

from generator.loop.lessons import from_refused
from generator.quarantine.bisection import next_trial, suspend
from generator.quarantine.holds import HoldReason, Quarantine, decode, encode
from generator.translation.certificates import certificate_of
from tests.drivers.fake_nginx_loop import Loop, both, by_line, fresh, refusal, silently
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import decoded
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

BAD = "proxy_read_timeout 4242s"
AUTHORITY = Authority()


def shop(name, path="/", timeout="", **spec):
    annotations = {"proxy-read-timeout": timeout} if timeout else None
    rules = rule(f"{name}.test", ("Prefix", path, "echo"))
    return ingress(rules, name=name, annotations=annotations, **spec)


def bad(name, path="/bad"):
    return shop(name, path, timeout="4242")


@pytest.mark.parametrize("judge", [by_line(BAD), silently(BAD)])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_culprits_are_held_and_nobody_else(judge, count):
    loop = Loop(judge).serve(*(shop(f"old{n}") for n in range(9)))
    culprits = [bad(f"new{n}") for n in range(count)]
    innocents = [shop(f"good{n}") for n in range(9)]
    loop.serve(*(shop(f"old{n}") for n in range(9)), *culprits, *innocents)
    assert loop.held == {f"new{n}": "UNAVAILABLE" for n in range(count)}
    assert all(f"server_name good{n}.test" in loop.served for n in range(9))


def test_each_fallback_is_followed_by_the_next_where_nginx_refuses_that_too():
    loop = Loop(by_line(BAD)).serve(shop("a", "/old"), shop("b", "/old"))
    loop.serve(bad("a", "/new"), shop("b", "/old"))
    assert loop.held == {"a": "LAST_GOOD"}
    loop.judge = both(by_line(BAD), by_line("location /old/"))
    loop.serve(bad("a", "/new"), shop("b", "/fine"), shop("c"))
    assert loop.held == {"a": "UNAVAILABLE"}
    loop.judge = both(loop.judge, by_line("location /new/"))
    loop.serve(bad("a", "/new"), shop("b", "/fine"), shop("c"), shop("d"))
    assert loop.held == {"a": "LEFT_OUT"}


def test_what_harms_in_any_form_is_left_out_without_a_line_too():
    loop = Loop(silently("location /bad/")).serve(shop("a"), bad("b"), shop("c"))
    assert loop.held == {"b": "LEFT_OUT"}
    assert "server_name c.test" in loop.served


def test_innocents_are_served_as_before_through_the_whole_search():
    names = [f"a{n}" for n in range(8)]
    loop = Loop(silently(BAD)).serve(*(shop(name, "/old") for name in names))
    before = len(loop.attempts)
    changed = [bad(name, "/new") if name == "a3" else shop(name, "/new") for name in names]
    loop.serve(*changed)
    passed = [a for a in loop.attempts[before:] if a not in loop.refused]
    for attempt in passed:
        text = attempt.rendering.body(1).decode()
        assert text.count("location /old/") + text.count("location /new/") == len(names)
        assert "return 503" not in text.partition("server_name a0.test")[2]
    assert loop.held == {"a3": "LAST_GOOD"}


def test_of_a_secret_alone_that_changed_nobody_is_suspected():
    def given(pair, *more):
        secret = tls_secret("tls", pair)
        tls = [{"hosts": ["tls.test"], "secretName": "tls"}]
        return (shop("tls", tls=tls), secret, *more)

    loop = Loop(silently(BAD)).serve(*given(AUTHORITY.issue("tls.test")))
    loop.serve(*given(AUTHORITY.issue("tls.test"), bad("b")))
    assert loop.held == {"b": "UNAVAILABLE"}
    suspected = {n.name for a in loop.attempts for n in a.inputs.quarantine.suspended}
    assert suspected == {"b"}


def test_a_line_in_a_server_leads_to_the_only_one_that_is_new_there():
    judge = by_line("server_name b.test")
    loop = Loop(judge).serve(shop("a"))
    loop.serve(shop("a"), shop("b"), shop("c"))
    assert loop.held == {"b": "LEFT_OUT"}
    assert not any(a.inputs.quarantine.suspended for a in loop.attempts)


def test_a_line_in_a_server_narrows_the_search_to_those_of_its_host():
    def part(name, path, timeout=""):
        annotations = {"proxy-read-timeout": timeout} if timeout else None
        return ingress(
            rule("shared.test", ("Prefix", path, "echo")), name=name, annotations=annotations
        )

    def judge(text):
        if BAD not in text:
            return None
        return refusal(line=text.splitlines().index("        server_name shared.test;") + 2)

    loop = Loop(judge).serve(shop("a"))
    parts = [part("x", "/x"), part("y", "/y", timeout="4242")]
    loop.serve(shop("a"), *parts, *(shop(f"n{n}") for n in range(5)))
    assert loop.held == {"y": "UNAVAILABLE"}
    suspected = {n.name for a in loop.attempts for n in a.inputs.quarantine.suspended}
    assert suspected == {"x", "y"}


def test_what_is_nobodys_fault_holds_nobody():
    loop = Loop(silently("no such text")).serve(shop("a"))
    loop.judge = lambda _: refusal("something is wrong with this machine")
    loop.serve(shop("a", "/new"), shop("b"), shop("c"))
    assert "server_name c.test" not in loop.served
    assert loop.held == {}
    assert not loop.state.quarantine.suspended
    loop.judge = silently("no such text")
    loop.serve(shop("a", "/new"), shop("b"), shop("c"))
    assert "server_name c.test" in loop.served


def test_a_fault_that_passes_during_the_search_leaves_nobody_held():
    answers = iter([None, refusal(), refusal()])
    loop = Loop(lambda _: next(answers, None)).serve(shop("a"))
    loop.serve(shop("a", "/new"), *(shop(f"b{n}") for n in range(4)))
    loop.serve(shop("a", "/new"), *(shop(f"b{n}") for n in range(4)))
    assert loop.held == {}
    assert "server_name b3.test" in loop.served


def test_the_next_edit_of_a_held_one_is_tried():
    loop = Loop(by_line(BAD)).serve(bad("a"))
    assert loop.held == {"a": "UNAVAILABLE"}
    loop.serve(shop("a"))
    assert loop.held == {}
    assert "server_name a.test" in loop.served


def test_a_version_that_nginx_never_took_is_not_a_good_one():
    loop = Loop(by_line(BAD)).serve(bad("a", "/one"))
    loop.serve(bad("a", "/two"))
    assert loop.held == {"a": "UNAVAILABLE"}
    assert len(loop.refused) == 2


def test_a_late_answer_about_what_is_held_already_changes_nothing():
    loop = Loop(by_line(BAD)).serve(shop("a", "/old"))
    loop.judge = by_line(BAD, "location /old/")
    loop.serve(bad("a"))
    assert loop.held == {"a": "UNAVAILABLE"}
    for refused in loop.refused:
        status = loop.judge(refused.rendering.body(1).decode())
        late = from_refused(loop.state, refused, status)
        assert late.quarantine == loop.state.quarantine


def test_one_that_was_good_and_is_refused_unchanged_is_not_tried_as_it_was():
    loop = Loop(by_line("no such text")).serve(shop("a"))
    loop.judge = by_line("proxy_pass")
    loop.serve(shop("a"), bad("b"))
    assert loop.held == {"a": "UNAVAILABLE", "b": "UNAVAILABLE"}
    assert len(loop.refused) == 2


def test_nobody_is_tried_beside_one_whose_fallback_is_new():
    def judge(text):
        for poison in ("server_name z.test", BAD, "location /x/"):
            if poison in text:
                return by_line(poison)(text) if poison == BAD else refusal()
        return None

    loop = Loop(judge).serve(shop("a"))
    loop.serve(shop("a"), shop("w"), bad("x", "/x"), shop("y"), shop("z"))
    assert loop.held == {"x": "LEFT_OUT", "z": "LEFT_OUT"}


@pytest.mark.parametrize("judge", [by_line(BAD), silently(BAD)])
def test_a_new_process_goes_on_where_the_last_one_ended(judge):
    loop = Loop(judge).serve(shop("a", "/old"), shop("b"))
    loop.serve(bad("a", "/new"), shop("b"))
    remembered = decode(encode(loop.state.quarantine))
    assert remembered == loop.state.quarantine
    second = Loop(judge, fresh(quarantine=remembered))
    second.serve(bad("a", "/new"), shop("b"))
    assert not second.refused
    assert "location /old/" in second.served


def test_whoever_is_on_trial_when_the_process_ends_is_tried_again():
    loop = Loop(silently("no such text")).serve(shop("a"), shop("b"), shop("c"))
    suspects = loop.state.serving.translation.ingresses
    quarantine = suspend(Quarantine(), suspects, {}, HoldReason("why"))
    remembered = decode(encode(next_trial(quarantine)))
    assert remembered == quarantine


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b'{"held": 3}'])
def test_what_is_no_quarantine_is_an_empty_one(text):
    assert not decode(text).held


def test_after_a_restart_those_that_are_as_they_were_good_are_not_suspected():
    first = Loop(silently(BAD)).serve(*(shop(f"a{n}") for n in range(4)))
    second = Loop(silently(BAD), fresh(last_good=first.state.last_good))
    second.serve(*(shop(f"a{n}") for n in range(4)), bad("b"))
    assert second.held == {"b": "UNAVAILABLE"}
    suspected = {n.name for a in second.attempts for n in a.inputs.quarantine.suspended}
    assert suspected == {"b"}


def test_a_certificate_that_nginx_refuses_costs_its_secret_alone():
    tls = [{"hosts": ["tls.test"], "secretName": "tls"}]
    old, new = (tls_secret("tls", AUTHORITY.issue("tls.test")) for _ in range(2))
    refused = certificate_of(decoded(new)).file.digest

    def judge(text):
        message = f'cannot load certificate "/volume/files/{refused}": PEM_read_bio_X509'
        return refusal(message) if refused in text else None

    loop = Loop(judge).serve(shop("tls", tls=tls), old)
    before = certificate_of(decoded(old)).file.digest
    loop.serve(shop("tls", "/new", tls=tls), new, shop("b"))
    assert loop.held == {}
    assert before in loop.served
    assert "location /new/" in loop.served
    assert len(loop.refused) == 1


def test_five_silent_culprits_of_three_hundred_take_few_checks():
    names = [f"a{n}" for n in range(300)]
    culprits = set(random.Random(1).sample(names, 5))
    loop = Loop(silently(BAD))
    loop.serve(*(bad(name) if name in culprits else shop(name) for name in names))
    assert set(loop.held) == culprits
    assert len(loop.attempts) < 120
