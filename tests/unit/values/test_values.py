"""Text to values: nothing but Invalid is raised, and what is let in, nginx takes."""

import re
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator.annotations.catalog import ALL
from generator.directives import Directive, Duration, Expression, Regex, Size, Word
from generator.nginx import quoting
from generator.options import catalog as options
from generator.problems import shown
from generator.values.describe import described
from generator.values.expressions import rewrite_target
from generator.values.invalid import Invalid
from generator.values.networks import networks
from generator.values.regexes import regex
from generator.values.scalars import boolean, duration, seconds, size
from tests.drivers import nginx

ONE_CALL_OF_NGINX = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""Each example is a list: nginx takes as long for a hundred values as for one."""

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="0123456789kmgKMGb.-+ eE\u0663\u212a", max_size=24),
    st.text(alphabet="0123456789abcdef:./,% \n", max_size=60),
    st.text(alphabet="/${}123abc_?\\'\"();# \x00\n", max_size=40),
)


@given(TEXTS)
def test_no_text_makes_a_parser_raise_anything_but_invalid(text):
    for declared in (*ALL, *options.ALL):
        with suppress(Invalid):
            declared.parse(text)


# --- sizes, times, booleans -------------------------------------------------------------------


def accepted(parse, texts):
    values = []
    for text in texts:
        try:
            values.append(parse(text))
        except Invalid:
            continue
    return values


SIZES = st.from_regex(r"[0-9]{1,20}[bkmgKMG]?", fullmatch=True)


@given(texts=st.lists(SIZES, min_size=20, max_size=100))
@example(texts=["9223372036854775807", "9223372036854775807g", "8589934591g", "8589934592g"])
@ONE_CALL_OF_NGINX
def test_nginx_takes_every_size_that_is_let_in(texts, tmp_path):
    found = accepted(size, texts)
    written = [quoting.directive(Directive("client_max_body_size", (s,))) for s in found]
    blocks = "\n".join(f"location /{n} {{ {w}; }}" for n, w in enumerate(written))
    assert nginx.complaint_about(blocks, tmp_path) == ""


@given(texts=st.lists(st.from_regex(r"[0-9]{1,10}", fullmatch=True), min_size=20, max_size=100))
@example(texts=["31536000", "31536001", "1", "0"])
@ONE_CALL_OF_NGINX
def test_nginx_takes_every_time_that_is_let_in(texts, tmp_path):
    found = accepted(seconds, texts)
    written = [quoting.directive(Directive("proxy_connect_timeout", (s,))) for s in found]
    blocks = "\n".join(f"location /{n} {{ {w}; }}" for n, w in enumerate(written))
    assert nginx.complaint_about(blocks, tmp_path) == ""


@pytest.mark.parametrize(
    ("text", "bytes_"), [("0", 0), ("8m", 8 << 20), ("8M", 8 << 20), ("1g", 1 << 30), ("007", 7)]
)
def test_a_size_has_the_units_of_nginx_in_any_case(text, bytes_):
    assert size(text) == Size(bytes_)


@pytest.mark.parametrize("text", ["8 m", "-1", "8mb", "1.5m", "٣", "1\u212a", "", "10000000000g"])
def test_what_is_no_size_to_nginx_is_none(text):
    with pytest.raises(Invalid):
        size(text)


@pytest.mark.parametrize("text", ["0", "-5", "60s", "1.5", "31536001", "٣", "", "1_0"])
def test_what_is_no_number_of_seconds_is_none(text):
    with pytest.raises(Invalid):
        seconds(text)


@pytest.mark.parametrize(("text", "s"), [("240s", 240), ("4m", 240), ("1h", 3600), ("60", 60)])
def test_a_time_may_have_a_unit(text, s):
    assert duration(text) == Duration(s * 1000)


@pytest.mark.parametrize("text", ["0", "0s", "-5s", "5 s", "1.5h", "1d", "9000h", "٣s", "s", ""])
def test_what_is_no_time_is_none(text):
    with pytest.raises(Invalid):
        duration(text)


def test_booleans_are_those_of_go():
    assert [boolean(text) for text in ("true", "True", "1", "t", "false", "F", "0")] == [
        *[True] * 4,
        *[False] * 3,
    ]
    for text in ("yes", "on", "tRUE", ""):
        with pytest.raises(Invalid):
            boolean(text)


# --- networks ---------------------------------------------------------------------------------


@given(texts=st.lists(TEXTS, min_size=20, max_size=100))
@example(texts=["10.0.0.1/8", "::1", "fe80::1%eth0", "::ffff:10.0.0.0/104", "0.0.0.0/0"])
@ONE_CALL_OF_NGINX
def test_nginx_takes_every_network_that_is_let_in(texts, tmp_path):
    found = [network for each in accepted(networks, texts) for network in each]
    written = "\n".join(f"{quoting.line('allow', Word(network))};" for network in found)
    assert nginx.complaint_about(written, tmp_path) == ""


def test_a_network_is_written_with_its_host_bits_cleared():
    assert networks("10.1.2.3/8, 192.0.2.7 ,2001:db8::1/32") == (
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/32",
    )


@pytest.mark.parametrize(
    "text",
    ["", ",", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "010.0.0.1", "fe80::1%eth0", "all", "10.0.0/8"],
)
def test_what_is_not_cidr_notation_is_no_network(text):
    with pytest.raises(Invalid):
        networks(text)


def test_an_allowlist_may_be_as_long_as_offices_and_proxies_make_it():
    assert len(networks(",".join(f"198.51.{n}.0/24" for n in range(256)))) == 256


def test_a_list_of_networks_that_would_swell_the_configuration_is_refused():
    with pytest.raises(Invalid, match="2000 networks"):
        networks(",".join(["192.0.2.1"] * 2001))


# --- rewrite targets --------------------------------------------------------------------------

PARTS_OF_TARGETS = r"""
    / $1 $9 $0 ${1} ${host} $host $args ${uri $http_x_y $arg_ $foo $ a ? \\ " ' { } ; # %20 $is_args
    $10 ~
"""
TARGETS = st.lists(st.sampled_from(PARTS_OF_TARGETS.split()), max_size=6).map(
    lambda parts: "/" + "".join(parts)
)


@given(texts=st.lists(TARGETS, min_size=50, max_size=200))
@example(texts=["/${1}"])
@example(texts=["/$2", "/$1$is_args$args", "/" + "\\" * 1999])
@ONE_CALL_OF_NGINX
def test_nginx_takes_every_rewrite_target_that_is_let_in(texts, tmp_path):
    written = [quoting.written(target) for target in accepted(rewrite_target, texts)]
    blocks = "\n".join(
        f'location /{n} {{ rewrite "^/(a)(b)" {target} break; return 200; }}'
        for n, target in enumerate(written)
    )
    assert nginx.complaint_about(blocks, tmp_path) == ""


@pytest.mark.parametrize("text", ["/$2", "/${host}/x", "/x?y=$1&z=$arg_z", "/$1$2"])
def test_captures_and_known_variables_may_stand_in_a_rewrite_target(text):
    assert rewrite_target(text) == Expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/$foo", '"$foo" is not a variable here'),
        ("/${1}", '"${1}" is not a variable here'),
        ("/$0", '"$0" is not a variable here'),
        ("/a$", '"$" is not a variable here'),
        ("http://evil.test/", "a path"),
        ("/a b", "without blanks"),
        ("/a\nb", "without blanks"),
        ("/" + "a" * 2000, "at most 2000 characters"),
    ],
)
def test_what_nginx_would_refuse_or_take_for_more_is_no_rewrite_target(text, message):
    with pytest.raises(Invalid, match=re.escape(message)):
        rewrite_target(text)


# --- regular expressions ----------------------------------------------------------------------

PARTS_OF_REGEXES = r"""
    a / . * + ? ( ) (?: (?i) (?= (?! (?<= (?<! (?> (?| (?#x) [ ] [^ a-z - { } {1,3} {1000} {,3}
    | ^ $ \d \w \b \1 \g1 \k \Q \E \x41 \x{100} \p{L} \R \X \C \K \N \h \o{12} \c \cA \ (?R)
    (?1) (?(1)a|b) (?(R)a) (?x) (?xx) (?J) (?s (?-i) (?^) (?^: (?a) (?aD) (?r) [[:alpha:]]
    [[:^alpha:]] [[:foo:]] [[.a.]] & ~ " ' $1 # ; \N{U+41} \U \u0041 \L \G \A \Z \z *+ ++ ??
    {2}+ (?[a]) (?{ (?&n) (?P=n) (?P>n) (*UTF) (*sr: (?<n> (?P<n> (?'n' (?C1)
"""


@given(
    texts=st.lists(
        st.lists(st.sampled_from(PARTS_OF_REGEXES.split()), max_size=8).map("".join),
        min_size=100,
        max_size=300,
    )
)
@example(texts=[r"(?<=a{1,3})b", r"\u0041", r"\U", r"(?^)a", r"(?<year>\d)", r"[\N]"])
@example(texts=[r"/foo(/|$)(.*)", r"/(?!api|admin)", r"/[\w.-]+\.(?:png|css)$", r"(a)\1"])
@ONE_CALL_OF_NGINX
def test_nginx_takes_every_regex_that_is_let_in_and_none_sets_a_variable(texts, tmp_path):
    found = [quoting.written(each) for each in accepted(regex, ["^/" + text for text in texts])]
    blocks = "\n".join(
        f"location ~* {pattern} {{ rewrite {pattern} /$1 break; return 200; }}" for pattern in found
    )
    asked = 'location / { return 200 "$year $n"; }'
    # Variables are looked up last, when every expression has been compiled.
    complaint = nginx.complaint_about(f"{blocks}\n{asked}", tmp_path)
    assert re.search('unknown "(year|n)" variable', complaint), complaint


@pytest.mark.parametrize(
    "text",
    [
        r"/foo(/|$)(.*)",
        r"/(?i)api/v[0-9]{1,2}",
        r"/(?!api|admin)(?:[^/]+)/?$",
        r"/[\w.-]+\.(php|js)$",
        r"/(a|b)\1",
        r"/\(x\)[[:digit:]]+",
        r"/x(?<=x)y",
    ],
)
def test_the_regexes_that_people_write_are_let_in(text):
    assert regex(text) == Regex(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/foo(", "a regular expression (compilation failed"),
        ("/(?P<year>a)", '"(?P" is not taken'),
        ("/(?<year>a)", '"(?<" is not taken'),
        ("/(?<=a+)b", '"(?<" is not taken'),
        ("/(*UTF)a", '"(*U" is not taken'),
        (r"/\u0041", r'"\u0" is not taken'),
        ("/a b", "has a blank"),
        ("/ä", "one beyond ASCII"),
        ("/" + "a" * 1000, "at most 1000 characters"),
    ],
)
def test_what_not_every_nginx_reads_is_no_regex(text, message):
    with pytest.raises(Invalid, match=re.escape(message)):
        regex(text)


# --- for people -------------------------------------------------------------------------------


@given(st.text())
def test_a_value_is_shown_on_one_line_without_control_characters(text):
    assert shown(text).isprintable()
    assert len(shown(text)) < 1000


def test_a_value_is_shown_as_it_was_written_and_cut_where_it_is_long():
    assert shown(r"/ä\d") == r'"/ä\d"'
    assert shown('a"b') == r'"a\"b"'
    assert shown("a\nb\x1b\u202e") == r'"a\nb\x1b\u202e"'
    assert shown("x" * 100) == '"' + "x" * 80 + '…"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Size(0), "0"),
        (Size(1000), "1000"),
        (Size(8 << 20), "8m"),
        (Size(1 << 30), "1g"),
        (Duration(60_000), "60"),
        (True, "true"),
        (False, "false"),
        (None, "none"),
        ((), "none"),
    ],
)
def test_a_default_is_described_as_a_user_would_write_it(value, text):
    assert described(value) == text


@pytest.mark.parametrize("declared", [*ALL, *options.ALL], ids=lambda each: each.name)
def test_each_default_is_what_its_own_description_parses_to(declared):
    default = declared.initial if declared in ALL else declared.default
    if default not in (None, ()):
        assert declared.parse(described(default)) == default


@pytest.mark.parametrize(
    ("parse", "text", "such"),
    [
        (seconds, "3600s", "3600"),
        (seconds, "5m", "300"),
        (seconds, "1 hour", "3600"),
        (seconds, "soon", "60"),
        (size, "100Mi", "100m"),
        (size, "1 GB", "1g"),
        (size, "much", "8m"),
    ],
)
def test_a_value_with_the_unit_of_another_program_is_told_in_nginxs(parse, text, such):
    with pytest.raises(Invalid) as told:
        parse(text)
    assert told.value.hint.endswith(f"such as {such}.")
