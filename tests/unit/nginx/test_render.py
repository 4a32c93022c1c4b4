"""The configuration of a model, as text."""

import textwrap

import pytest
from msgspec.structs import replace

from generator.directives import Directive, Duration, Size
from generator.model import Answer, Match, Protocol, Proxy, ProxyByName
from generator.nginx.capabilities import UNKNOWN, Capabilities
from generator.nginx.errors import Unwritable
from generator.nginx.render import Fragments, Memo, render
from generator.nginx.template_files import built_in
from tests.drivers import models
from tests.drivers.models import location, proxied, server, upstream

TEMPLATES = built_in()
ECHO = upstream("echo", ("10.0.0.1", 8080), ("fd00::1", 8080))


def text_of(*servers, upstreams=(), **surroundings):
    model = models.model(*servers, upstreams=upstreams)
    return render(model, models.surroundings(**surroundings), TEMPLATES, Memo()).body(7).decode()


def location_text(*given, **surroundings):
    """What stands in the one location of a host, without the variables of the log."""
    text = text_of(server("a.test", *given), **surroundings)
    block = text.split("server_name a.test;\n")[1].split("# end of ingress")[0]
    lines = textwrap.dedent(block).splitlines()
    assert lines[0] == "# ingress default/shop"
    return "\n".join(line for line in lines[2:-1] if "set $pillion_" not in line)


def test_a_location_does_its_steps_in_order():
    text = location_text(
        proxied(
            "/",
            ECHO,
            statements=(
                models.TO_HTTPS,
                models.allow("10.0.0.0/8"),
                models.deny("all"),
                models.rewrite("(?i)^/a/(.*)", "/b/$1"),
                Directive("client_max_body_size", (Size(8 << 20),)),
                Directive("proxy_read_timeout", (Duration(5000),)),
            ),
        )
    )
    assert text == textwrap.indent(
        f"""\
if ($pillion_redirect) {{
    return 308 https://$host$request_uri;
}}
allow 10.0.0.0/8;
deny all;
rewrite "(?i)^/a/(.*)" /b/$1 break;
client_max_body_size 8m;
proxy_read_timeout 5s;
proxy_pass http://{ECHO.name};""",
        "    ",
    )


@pytest.mark.parametrize(
    ("protocol", "directive"),
    [
        (Protocol.HTTP, "proxy_pass http://{};"),
        (Protocol.HTTPS, "proxy_pass https://{};"),
        (Protocol.AUTO_HTTP, "proxy_pass $scheme://{};"),
        (Protocol.GRPC, "grpc_pass grpc://{};"),
        (Protocol.GRPCS, "grpc_pass grpcs://{};"),
        (Protocol.FCGI, "fastcgi_pass {};"),
    ],
)
def test_each_protocol_has_its_own_way_to_pass_a_request_on(protocol, directive):
    text = location_text(location("/", Proxy(upstream=ECHO.name, protocol=protocol)))
    assert text.strip() == directive.format(ECHO.name)


def test_a_protocol_that_nginx_lacks_is_answered_503():
    grpc = location("/", Proxy(upstream=ECHO.name, protocol=Protocol.GRPC))
    assert location_text(grpc, capabilities=UNKNOWN).strip() == "return 503;"
    fcgi = location("/", Proxy(upstream=ECHO.name, protocol=Protocol.FCGI))
    without = Capabilities.of("1.31.3", ["without-http_fastcgi_module"])
    assert location_text(fcgi, capabilities=without).strip() == "return 503;"


def test_an_external_name_stands_in_a_variable_so_that_nginx_resolves_it_late():
    text = text_of(server("a.test", location("/", ProxyByName(host="db.example.com", port=80))))
    assert "set $pillion_target db.example.com:80;" in text
    assert "proxy_pass http://$pillion_target;" in text


def test_an_answer_without_a_body_is_nginxs_own_page():
    assert location_text(location("/", Answer(status=503))).strip() == "return 503;"


def test_a_regex_and_an_exact_path_say_so():
    text = text_of(
        server(
            "a.test",
            location("/x", models.NOT_FOUND, Match.EXACT),
            location(r"^/foo\.(bar|baz)$", models.NOT_FOUND, Match.REGEX),
        )
    )
    assert "location = /x {" in text
    assert r'location ~* "^/foo\.(bar|baz)$" {' in text


def test_an_upstream_lists_its_endpoints_without_passive_checks():
    text = text_of(upstreams=[ECHO])
    assert (
        f"""
    # service default/echo
    upstream {ECHO.name} {{
        zone pillion;
        server 10.0.0.1:8080 max_fails=0;
        server [fd00::1]:8080 max_fails=0;
"""
        in text
    )


def test_a_wildcard_is_one_label_deep_and_a_host_by_its_name_is_itself():
    text = text_of(server("*.foo.test"), server("foo.test"))
    assert r'server_name "~^[^.]+\.foo\.test$";' in text
    assert "server_name foo.test;" in text
    assert "server_name _;" in text


def test_without_ipv6_there_is_no_listener_of_that_kind():
    assert "listen [::]:80;" in text_of(server("a.test"))
    assert "[::]" not in text_of(server("a.test"), ipv6=False)


def test_only_the_default_server_and_hosts_with_one_name_a_certificate():
    own = models.certificate("b.test")
    text = text_of(server("a.test", tls=True), server("b.test", tls=True, certificate=own))
    assert text.count("ssl_certificate ") == 2
    assert f"ssl_certificate /volume/files/{own.file.digest};" in text


def test_no_listener_has_reuseport():
    assert "reuseport" not in text_of(server("a.test"), workers=2)


def test_directives_of_modules_that_are_not_there_are_not_written():
    bare = Capabilities.of("1.27.4", ["without-http_uwsgi_module", "without-http_scgi_module"])
    text = text_of(server("a.test"), capabilities=bare)
    for word in ("http2", "grpc_", "stub_status", "uwsgi", "scgi"):
        assert word not in text
    assert "stub_status;" in text_of(
        capabilities=Capabilities.of("1.31.3", ["http_stub_status_module"])
    )


@pytest.mark.parametrize("path", ["", "x", "= /x", "@name"])
def test_a_path_without_its_slash_is_refused_and_its_owner_named(path):
    with pytest.raises(Unwritable, match="does not start with a slash") as refused:
        text_of(server("a.test", location(path, models.NOT_FOUND)))
    assert refused.value.owner == models.ingress()


@pytest.mark.parametrize("host", ["~^(.*)$", ".foo", "a;b", "a b", "*.*.b", "A.test", "*"])
def test_a_host_that_nginx_would_take_for_something_else_is_refused(host):
    with pytest.raises(Unwritable, match="is not a host"):
        text_of(server(host))


def test_the_generation_stands_in_one_place_and_not_in_what_is_compared():
    rendering = render(models.model(), models.surroundings(), TEMPLATES, Memo())
    assert rendering == render(models.model(), models.surroundings(), TEMPLATES, Memo())
    one, two = rendering.body(41).splitlines(), rendering.body(42).splitlines()
    assert [(a, b) for a, b in zip(one, two, strict=True) if a != b] == [
        (b"            return 200 41;", b"            return 200 42;")
    ]


def test_each_line_leads_to_the_server_or_upstream_that_it_is_of():
    shop, other = server("a.test", proxied("/", ECHO)), server("b.test")
    rendering = render(
        models.model(shop, other, upstreams=[ECHO]), models.surroundings(), TEMPLATES, Memo()
    )
    lines = rendering.body(1).decode().splitlines()

    def piece_of(text):
        return rendering.piece_at(lines.index(text) + 1)

    assert piece_of("        server_name a.test;") == shop
    assert piece_of("        server_name b.test;") == other
    assert piece_of(f"    upstream {ECHO.name} {{") == ECHO
    assert piece_of("    server_tokens off;") is None
    assert rendering.piece_at(len(lines)) is None


@pytest.mark.parametrize("bug", [None, object()])
def test_a_bug_of_ours_says_at_which_server_it_happened(bug):
    broken = server("a.test", proxied(bug, ECHO))
    with pytest.raises(Unwritable) as refused:
        text_of(server("b.test"), broken)
    assert refused.value.piece == broken


def test_the_same_model_gives_the_same_bytes_with_a_memo_and_without():
    servers = tuple(server(f"{n}.test", proxied("/", ECHO)) for n in range(5))
    model, memo = models.model(*servers, upstreams=[ECHO]), Memo()
    first = render(model, models.surroundings(), TEMPLATES, memo)
    changed = replace(model, servers=(*model.servers[:-1], server("new.test")), upstreams=())
    assert render(changed, models.surroundings(), TEMPLATES, memo) == render(
        changed, models.surroundings(), TEMPLATES, Memo()
    )
    assert render(model, models.surroundings(), TEMPLATES, memo) == first


def test_other_surroundings_or_templates_forget_what_was_made():
    model, memo = models.model(server("a.test")), Memo()
    render(model, models.surroundings(), TEMPLATES, memo)
    other = models.surroundings(http_port=8080)
    assert b"listen 8080;" in render(model, other, TEMPLATES, memo).body(1)


def test_only_what_is_new_is_made_and_what_is_gone_is_forgotten():
    made, fragments = [], Fragments()
    one, two, three = ([n] for n in range(3))

    def make(value):
        made.append(value)
        return str(value)

    assert fragments.of([one, two], "scope", make) == ["[0]", "[1]"]
    assert fragments.of([two, three], "scope", make) == ["[1]", "[2]"]
    assert made == [one, two, three]
    fragments.of([one], "scope", make)
    assert made == [one, two, three, one]


def test_equal_objects_that_are_not_the_same_are_made_again():
    made, fragments = [], Fragments()
    fragments.of([["a"]], "scope", lambda value: made.append(value) or "")
    fragments.of([["a"]], "scope", lambda value: made.append(value) or "")
    assert len(made) == 2


@pytest.mark.parametrize(
    ("version", "source"), [("1.29.2", '"$host $http_host"'), ("1.29.3", '""')]
)
def test_the_port_of_a_request_comes_from_what_this_nginx_knows(version, source):
    text = text_of(server("a.test"), capabilities=Capabilities.of(version, ()))
    assert f"map {source} $pillion_own_host" in text
