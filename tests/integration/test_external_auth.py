"""Requests that another service has to allow first, on a real nginx."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.waiting import eventually

FOO = "http://foo.test"
BIG = b"x" * (3 << 20)


@pytest.fixture
def guard(site):
    """The service that is asked; it answers as the query of its URL says."""
    guard = site.backend("guard")
    guard.seen.clear()
    return guard


def guarded(site, guard, *, answer="", **annotations):
    given = {name.replace("_", "-"): text for name, text in annotations.items()}
    url = f"{guard.url}/verify{answer}"
    site.holds(
        ingress(rule("foo.test", ("Prefix", "/", "echo")), annotations={"auth-url": url} | given)
    )


@pytest.mark.parametrize(
    ("answer", "status"),
    [("", 200), ("?status=204", 200), ("?status=401", 401), ("?status=403", 403)],
)
def test_only_what_the_service_allows_passes(answer, status, site, guard):
    guarded(site, guard, answer=answer)
    assert site.web.status(f"{FOO}/a") == status


@pytest.mark.parametrize("answer", ["?status=500", "?status=302", "?hang_up=1"])
def test_a_service_that_says_anything_else_lets_nothing_in(answer, site, guard):
    guarded(site, guard, answer=answer)
    assert site.web.status(f"{FOO}/a") == 500


def test_the_service_is_told_what_was_asked_and_gets_no_body(site, guard):
    guarded(site, guard, proxy_body_size="8m")
    reply = site.web.ask(f"{FOO}/a?b=c", "POST", body=BIG)
    assert (reply.status, reply.echo["body_length"]) == (200, len(BIG))
    (asked,) = guard.seen
    headers = asked["headers"]
    assert (headers["X-Original-URL"], headers["X-Original-Method"]) == (f"{FOO}/a?b=c", "POST")
    assert (asked["body_length"], asked["path"]) == (0, "/verify")
    assert headers["X-Auth-Request-Redirect"] == "/a?b=c"


def test_headers_of_the_answer_reach_the_backend_beside_all_others(site, guard):
    guarded(
        site,
        guard,
        answer="?header=X-User:ada",
        auth_response_headers="X-User,X-Group",
    )
    forged = {"X-User": "root", "X-Group": "wheel"}
    headers = site.web.ask(f"{FOO}/", headers=forged).echo["headers"]
    assert headers["X-User"] == "ada"
    assert "X-Group" not in headers
    assert headers["X-Forwarded-For"] == headers["X-Real-IP"] == "127.0.0.1"
    assert headers["X-Forwarded-Host"] == "foo.test"


def test_whoever_is_not_known_is_sent_to_sign_in(site, guard):
    guarded(site, guard, answer="?status=401", auth_signin="https://login.test/start")
    reply = site.web.ask(f"{FOO}/a%20b?c=d+e&f=%C3%A9&g")
    assert reply.status == 302
    location = urlsplit(reply.headers["Location"])
    assert location.geturl().startswith("https://login.test/start?")
    assert parse_qs(location.query) == {"rd": [f"{FOO}/a%20b?c=d+e&f=%C3%A9&g"]}


def test_a_cookie_of_the_service_reaches_the_client(site, guard):
    guarded(site, guard, answer="?header=Set-Cookie:a%3D1")
    assert site.web.ask(f"{FOO}/").headers.get_all("Set-Cookie") == ["a=1"]


def test_clients_cannot_ask_for_the_internal_location(site, guard):
    guarded(site, guard, answer="?status=403")
    live = (site.pair.volume / "live/nginx.conf").read_text()
    (path,) = set(re.findall(r'location = "/ (pillion/auth/\w+)"', live))
    for asked in (f"/%20{path}", f"/x/../%20{path}"):
        assert site.web.status(FOO + asked) in {403, 404}
    assert site.web.status(f"{FOO}/") == 403


def test_the_access_log_names_the_backend_not_the_service(site, guard):
    guarded(site, guard)
    assert site.answers(f"{FOO}/logged") == "echo"
    (line,) = eventually(
        lambda: [each for each in site.pair.logs("request.served") if each["uri"] == "/logged"]
    )
    assert (line["service"], line["ingress"]) == ("default/echo", "default/shop")
