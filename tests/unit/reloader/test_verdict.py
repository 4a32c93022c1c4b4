"""What proves something against a configuration, and what only says that nginx could not look."""

import errno
import os
import signal

import pytest

from reloader.verdict import FILE_ERRNOS, Blocked, Checked, Refusal, judge

STAMP = "2026/11/24 08:14:55 [emerg] 11303#11303: "
END = "\nnginx: configuration file /v/live/.candidate.conf test failed\n"
CHECKED = Checked(b'pid "/v/run/nginx.pid";\nssl_certificate "/v/files/ab";\n', "/v/run")


def failed(what, number):
    return f"{what} failed ({number}: {os.strerror(number)})"


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
    assert judge(said + END, 1, CHECKED) == refusal


@pytest.mark.parametrize("number", sorted(signal.valid_signals()))
def test_a_check_that_was_ended_by_a_signal_proves_nothing(number):
    said = STAMP + 'unknown directive "foo" in /v/c.conf:4' + END
    assert isinstance(judge(said, -number, CHECKED), Blocked)


def test_a_signal_is_named():
    assert judge("", -9, CHECKED) == Blocked("nginx -t was ended by SIGKILL")


@pytest.mark.parametrize("number", sorted(errno.errorcode))
@pytest.mark.parametrize("place", ["", " in /v/live/.candidate.conf:7"])
def test_of_all_errors_only_a_wrong_name_of_a_named_file_is_the_configurations(number, place):
    verdict = judge(STAMP + failed('open() "/v/files/ab"', number) + place + END, 1, CHECKED)
    assert isinstance(verdict, Refusal) == (number in FILE_ERRNOS)


@pytest.mark.parametrize("number", sorted(errno.errorcode))
@pytest.mark.parametrize(
    "what",
    [
        'open() "/v/run/nginx.pid"',
        'open() "/not/named"',
        'mkdir() "/v/run/temp/body"',
        "bind() to 0.0.0.0:80",
        "malloc(4096)",
        "mmap(MAP_ANON|MAP_SHARED, 1048576)",
    ],
)
def test_no_error_is_the_configurations_where_it_names_no_file(number, what):
    assert isinstance(judge(STAMP + failed(what, number) + END, 1, CHECKED), Blocked)


@pytest.mark.parametrize("number", sorted(n for n in errno.errorcode if n < 256))
def test_of_openssls_errors_too_only_a_file_that_is_not_there_is_the_configurations(number):
    openssl = f"(SSL: error:{0x80000000 | number:X}:system library::{os.strerror(number)}:fopen)"
    said = STAMP + f'cannot load certificate "/v/files/ab": BIO_new_file() failed {openssl}' + END
    assert isinstance(judge(said, 1, CHECKED), Refusal) == (number in FILE_ERRNOS)


@pytest.mark.parametrize(
    "message",
    [
        "pcre2_compile() failed: failed to allocate heap memory in /v/c.conf:7",
        'cannot load certificate "/v/files/ab": X() failed (SSL: error:8::malloc failure)',
        'open() "/v/files/ab" failed (13: Permission denied) in /v/c.conf:2',
        'getpwnam("root") failed (24: No file descriptors available) in command line',
        'open() "/v/c.conf" failed (24: No file descriptors available)',  # in musl's words
    ],
)
def test_want_of_memory_or_rights_in_other_words_is_no_refusal(message):
    assert judge(STAMP + message + END, 1, CHECKED) == Blocked(message)


def test_what_comes_of_want_of_memory_is_no_refusal():
    want = failed("mmap(MAP_ANON|MAP_SHARED, 1048576)", errno.ENOMEM)
    said = f"nginx: [alert] {want}\n{STAMP}zone is too small in /v/c.conf:2{END}"
    assert judge(said, 1, CHECKED) == Blocked(want)


@pytest.mark.parametrize(
    "openssl",
    [
        "(SSL: error:03000072:digital envelope routines::decode error"
        " error:0A00018F:SSL routines::ee key too small)",
        "(SSL: error:0A080014:SSL routines::reason(20))",
    ],
)
@pytest.mark.parametrize("lacks_memory", [True, False])
def test_openssls_word_against_a_certificate_counts_where_memory_is_not_denied(
    openssl, lacks_memory
):
    message = f'SSL_CTX_use_certificate("/v/files/ab") failed {openssl}'
    checked = Checked(CHECKED.body, CHECKED.run, lacks_memory)
    verdict = judge(STAMP + message + END, 1, checked)
    assert isinstance(verdict, Blocked) == lacks_memory


def test_a_tls_context_asks_nothing_of_a_configuration():
    message = "SSL_CTX_new() failed (SSL: error:0A0000A1:SSL routines::library has no ciphers)"
    assert judge(STAMP + message + END, 1, CHECKED) == Blocked(message)


@pytest.mark.parametrize("end", ["", "\nnginx: configuration file /v/live/.candid"])
def test_a_message_that_nginx_did_not_come_to_the_end_of_is_no_refusal(end):
    assert isinstance(judge(f"{STAMP}cannot load cert{end}", 1, CHECKED), Blocked)


@pytest.mark.parametrize("said", ["", "Killed", "nginx: [warn] conflicting server name"])
def test_a_check_that_failed_without_an_error_message_proves_nothing(said):
    assert isinstance(judge(said, 1, CHECKED), Blocked)


@pytest.mark.parametrize("text", ["(12: Cannot allocate memory)", "(SSL: error:8000000C:x)"])
def test_a_configuration_cannot_pretend_to_be_short_of_memory(text):
    message = f'invalid parameter "{text}"'
    assert judge(f"{STAMP}{message} in /v/c.conf:7{END}", 1, CHECKED) == Refusal(
        message, "/v/c.conf", 7
    )
