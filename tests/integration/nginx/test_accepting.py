"""nginx accepts whatever is rendered, and reads from it what was meant."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from generator.directives import Directive, Duration, Size, Text, Word
from generator.model import Answer, Match, Protocol, Proxy, ProxyByName
from generator.nginx.capabilities import UNKNOWN
from generator.nginx.markers import owner_of
from generator.nginx.quoting import TOKEN_BYTES
from tests.drivers import models
from tests.drivers.models import location, proxied, server, upstream
from tests.drivers.nginx_process import Nginx

ECHO = upstream("echo", ("10.0.0.1", 8080), ("fd00::1", 8080))
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.fixture
def nginx(tmp_path):
    with Nginx(tmp_path) as nginx:
        yield nginx


def of_everything():
    """A model with one of each thing that there is."""
    handler = {
        "statements": (
            models.TO_HTTPS,
            models.deny("10.0.0.0/8"),
            models.allow("fd00::/8"),
            models.rewrite(r"(?i)^/a(/|$)(.*)", "/$2"),
            Directive("client_max_body_size", (Size(0),)),
            Directive("proxy_read_timeout", (Duration(1500),)),
            Directive("proxy_set_header", (Word("X-Price"), Text("$5; }"))),
        ),
    }
    locations = [proxied("/", ECHO, **handler)]
    locations += [
        location(f"/{protocol}", Proxy(upstream=ECHO.name, protocol=protocol))
        for protocol in Protocol
    ]
    locations += [
        location(
            f"/by-name/{protocol}", ProxyByName(host="nowhere.test", port=1, protocol=protocol)
        )
        for protocol in Protocol
    ]
    locations += [
        location('/a "b" {c}; #d \\e $f', Answer(status=200, body="$"), Match.EXACT),
        location(r'^/x{1,3}"\d"[;}]$', Answer(status=503), Match.REGEX),
    ]
    own = models.certificate("own.test")
    return models.model(
        server("own.test", *locations, tls=True, certificate=own),
        server("*.wild.test", *locations),
        upstreams=[ECHO],
    )


def test_one_of_everything_is_accepted_without_a_warning(nginx):
    assert nginx.complaints(of_everything()) == []


def test_it_is_accepted_before_anything_is_known_of_nginx(nginx):
    nginx.options = {"capabilities": UNKNOWN, "ipv6": False, "resolvers": ("10.0.0.1", "fd00::1")}
    assert nginx.complaints(of_everything()) == []


def test_many_and_long_names_fit_the_tables_without_a_warning(nginx):
    upstreams = [upstream(f"svc-{n}", ("10.0.0.1", 80), ("10.0.0.2", 80)) for n in range(1500)]
    servers = [server(f"host-{n}.test", proxied("/", up)) for n, up in enumerate(upstreams)]
    model = models.model(*servers, server(LONGEST), upstreams=upstreams)
    assert nginx.complaints(model) == []


def test_the_longest_token_is_one_that_nginx_reads(nginx):
    quoted = Answer(status=200, body=" " * (TOKEN_BYTES - len('""')))
    path = "/" + "a" * (TOKEN_BYTES - len("/"))
    host = server("a.test", location(path, quoted))
    assert nginx.complaints(models.model(host)) == []


def test_a_refusal_names_a_line_of_the_ingress_that_earned_it(nginx):
    bad = location("^/foo(", models.NOT_FOUND, Match.REGEX, owner=models.ingress("bad/one"))
    good = location("/", models.NOT_FOUND, owner=models.ingress("good/one"))
    said, *_ = nginx.complaints(models.model(server("a.test", good, bad, good)))
    line = int(said.rpartition(":")[2])
    text = (nginx.folder / "nginx.conf").read_text()
    assert owner_of(text, line) == models.ingress("bad/one")


TEXTS = st.text(
    st.one_of(
        st.sampled_from("\"'\\$ \t\r\n{};#trn~"),
        st.characters(exclude_characters="\0", codec="utf-8"),
    ),
    min_size=1,
)
SLOW = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@SLOW
@given(st.lists(TEXTS, min_size=40, max_size=60))
def test_a_text_comes_back_through_nginx_as_it_was(tmp_path_factory, texts):
    texts += ["$", "$host", "${host}", "\\", '"', "a\\", "$1 ${pillion_dollar}", "\u2028"]
    answers = [
        location(f"/{n}", Answer(status=200, body=text), Match.EXACT)
        for n, text in enumerate(texts)
    ]
    with Nginx(tmp_path_factory.mktemp("texts")) as nginx:
        nginx.serve(models.model(server("a.test", *answers)))
        got = [nginx.web.ask(f"http://a.test/{n}").body for n in range(len(texts))]
    assert got == [text.encode() for text in texts]
