import pytest

from reloader.check import Build, Refusal, parse_build, parse_refusal
from reloader.errors import ReloaderError
from reloader.log_events import Event

STAMP = "2026/11/24 08:14:55 [emerg] 11303#11303: "
END = "\nnginx: configuration file /v/live/.candidate.conf test failed\n"


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (
            STAMP + 'unknown directive "foo" in /v/c.conf:4',
            Refusal('unknown directive "foo"', "/v/c.conf", 4),
        ),
        (
            'nginx: [emerg] unknown directive "foo" in /v/c.conf:4',
            Refusal('unknown directive "foo"', "/v/c.conf", 4),
        ),
        (
            STAMP + 'pcre2_compile() failed: missing ) in "(" in /v/c.conf:7',
            Refusal('pcre2_compile() failed: missing ) in "("', "/v/c.conf", 7),
        ),
        (
            STAMP + 'pcre2_compile() failed: missing ) in "( in /v/c.conf:3" in /v/c.conf:7',
            Refusal('pcre2_compile() failed: missing ) in "( in /v/c.conf:3"', "/v/c.conf", 7),
        ),
        (
            STAMP + 'cannot load certificate "/v/files/ab": PEM_read_bio_X509_AUX() failed',
            Refusal('cannot load certificate "/v/files/ab": PEM_read_bio_X509_AUX() failed'),
        ),
        (
            '2026/11/24 08:14:55 [warn] 1#1: conflicting server name "a" in /v/c.conf:2\n'
            + STAMP
            + "no events section in configuration",
            Refusal("no events section in configuration"),
        ),
    ],
)
def test_nginxs_objection_and_its_place_are_found(said, refusal):
    assert parse_refusal(said + END, 1) == refusal


def test_a_check_that_was_killed_is_a_refusal_that_says_so():
    assert parse_refusal("", -9) == Refusal("nginx -t was ended by SIGKILL")


@pytest.mark.parametrize(
    "message",
    [
        'open() "/v/run/nginx.pid" failed (28: No space left on device)',
        'mkdir() "/v/run/temp/body" failed (13: Permission denied)',
        'open() "/v/files/ab" failed (24: Too many open files) in /v/c.conf:2',
        "bind() to 0.0.0.0:80 failed (13: Permission denied)",
    ],
)
def test_want_of_room_or_rights_is_no_refusal(message):
    with pytest.raises(ReloaderError) as raised:
        parse_refusal(STAMP + message + END, 1)
    assert raised.value.event is Event.NGINX_CHECK_BLOCKED


def test_the_answer_to_v_is_taken_apart():
    said = (
        "nginx version: nginx/1.27.4\nbuilt by gcc 14.2.0\nconfigure arguments: --prefix=/etc/nginx"
        " --with-cc-opt='-g -O2' --with-http_ssl_module --with-http_v2_module"
        " --with-http_geoip_module=dynamic --add-module=headers-more-nginx-module-0.40\n"
    )
    build = parse_build(said)
    assert build.version == "1.27.4"
    assert {"http_v2_module", "http_geoip_module=dynamic", "headers-more-nginx-module-0.40"} < set(
        build.modules
    )
    assert build.why_unsuitable == ""


def test_what_is_not_nginx_is_told():
    with pytest.raises(ReloaderError, match="not one of nginx's"):
        parse_build("usage: cat [FILE]")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (Build("1.27.3"), "it is 1.27.3; 1.27.4 is the oldest that reloads without a loss"),
        (Build("1.28.0", ("http_ssl_module",)), "it was built without http_v2_module"),
        (Build("1.28"), "it was built without http_ssl_module and http_v2_module"),
    ],
)
def test_an_nginx_that_will_not_do_is_told_why(build, reason):
    assert build.why_unsuitable == reason
