"""Which lines of users nginx gets, and that nothing shows a hash."""

import pytest

from generator.values.passwords import of_file, of_keys

APR = b"$apr1$saltsalt$xx013OFx2cRtDjpNeiZXf."


@pytest.mark.parametrize(
    "hashed",
    [
        APR,
        b"{PLAIN}a b",
        b"{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=",
        b"{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
        b"rqXexS6ZhobKA",
        b"$y$j9T$abcdefgh$" + b"x" * 43,
    ],
)
def test_what_nginx_checks_is_kept(hashed):
    assert of_file(b"ada:" + hashed + b"\r\n").content == b"ada:" + hashed + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"ada",
        b":" + APR,
        b"ada:pass",
        b"ada:$2y$11$" + b"x" * 53,
        b"ada:$6$rounds=1000000$salt$" + b"x" * 86,
        b"ada:$y$jFT$abcdefgh$" + b"x" * 43,
        b"ada:$7$C6..../....$" + b"x" * 43,
        b"ada:$2y$05$short",
        b"a\0da:" + APR,
    ],
)
def test_what_it_cannot_check_or_takes_long_for_is_told_by_its_line_alone(line):
    users = of_file(b"# users\n\nbob:" + APR + b"\n" + line)
    assert users.content == b"bob:" + APR + b"\n"
    assert users.left_out == ("line 4",)


def test_what_stands_behind_a_hash_and_comments_do_not_count():
    assert of_file(b"#x\nada:" + APR + b":Ada Lovelace").content == b"ada:" + APR + b"\n"


def test_a_key_cannot_bring_a_second_line():
    users = of_keys({"ada": APR + b"\neve:" + APR, "bob": APR + b"\n"})
    assert (users.content, users.left_out) == (b"bob:" + APR + b"\n", ("key ada",))


def test_more_users_than_nginx_can_read_for_each_request_are_none():
    users = of_file(b"".join(b"u%d:%s\n" % (n, APR) for n in range(6000)))
    assert users.content == b""
    assert users.left_out == ("all, since they are more than 256 kB",)
