"""Values leave exactly as they came, or not at all."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.directives import Directive, Duration, Expression, Regex, Size, Text, Word
from generator.nginx import quoting
from generator.nginx.errors import Unwritable
from generator.nginx.quoting import DOLLAR, TOKEN_BYTES, Written
from tests.drivers import nginx_tokenizer as tokens

NASTY = "\"'\\$ \t\r\n{};#trn~^\x0b\x85\u2028\x01"
PIECES = st.one_of(
    st.sampled_from([*NASTY, *("\\" + char for char in NASTY), "${", "/a"]),
    st.characters(exclude_characters="\0", codec="utf-8"),
)
ANY_TEXT = st.lists(PIECES).map("".join)


def read(written):
    """The values that nginx reads, where they are the arguments of a directive."""
    name, *values = tokens.directive(f"name {written};".encode())
    assert name == b"name"
    return [value.decode() for value in values]


@given(ANY_TEXT)
@example("")
@example("\\")
@example("\\t")
@example("\\\n")
@example("#")
@example("${")
def test_nginx_reads_a_word_exactly_as_it_was(text):
    assert read(quoting.written(Word(text))) == [text]


@given(ANY_TEXT)
def test_nginx_reads_a_regex_exactly_as_it_was(pattern):
    assert read(quoting.written(Regex(pattern))) == [pattern]


@given(ANY_TEXT)
def test_nginx_reads_a_text_with_a_variable_for_each_dollar(text):
    assert read(quoting.written(Text(text))) == [text.replace("$", DOLLAR)]


@given(ANY_TEXT, ANY_TEXT)
def test_two_values_are_two_arguments_whatever_they_hold(one, two):
    written = quoting.directive(Directive("name", (Word(one), Word(two))))
    assert tokens.directive(f"{written};".encode())[1:] == [one.encode(), two.encode()]


@given(ANY_TEXT)
def test_a_written_value_never_breaks_the_line(text):
    assert "\n" not in quoting.word(text)


def test_variables_of_an_expression_stay():
    assert quoting.written(Expression("/new/$1?host=$host")) == '"/new/$1?host=$host"'


def test_parts_join_into_one_token_in_which_only_those_of_text_lose_their_dollar():
    assert quoting.joined(Expression("$scheme://"), Text("a$b")) == (
        '"$scheme://a${pillion_dollar}b"'
    )


def test_what_needs_no_quotes_has_none():
    assert quoting.word("/api/v1.2") == "/api/v1.2"
    assert quoting.written(Regex(r"^[^.]+\.foo$")) == r'"^[^.]+\.foo$"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Size(8 << 20), "8m"),
        (Size(3 << 10), "3k"),
        (Size(1 << 30), "1024m"),
        (Size(1000), "1000"),
        (Size(0), "0"),
        (Duration(60_000), "60s"),
        (Duration(1_500), "1500ms"),
        (Duration(0), "0s"),
        (7, "7"),
        (True, "on"),
        (False, "off"),
    ],
)
def test_numbers_are_written_in_units_that_every_directive_reads(value, text):
    assert quoting.written(value) == text


@pytest.mark.parametrize("value", [Size(-1), Duration(-1), Word("a\0b"), Text("\ud800")])
def test_what_nginx_cannot_mean_is_refused(value):
    with pytest.raises(Unwritable):
        quoting.written(value)


@pytest.mark.parametrize("letter", ["a", "é", '"', "\\n"])
def test_a_token_is_refused_before_nginx_would_refuse_it(letter):
    fits = letter * (TOKEN_BYTES // len(quoting.word(letter * 8).encode()) * 8)
    assert read(quoting.word(fits)) == [fits]
    with pytest.raises(Unwritable, match="4093 bytes"):
        quoting.word(letter * TOKEN_BYTES + letter)


@pytest.mark.parametrize("name", ["proxy pass", "a;b", "A", ""])
def test_the_name_of_a_directive_is_never_text_of_a_user(name):
    with pytest.raises(Unwritable, match="not the name of a directive"):
        quoting.directive(Directive(name, ()))


@pytest.mark.parametrize("text", ["a\nb", "a b", "a;b", "", "é"])
def test_only_names_stand_in_comments(text):
    with pytest.raises(Unwritable, match="cannot stand in a comment"):
        quoting.comment(text)


def test_a_plain_string_is_not_written_and_the_way_out_is_told():
    with pytest.raises(Unwritable, match=r"'; include x' is not a written value: put `\| text`"):
        quoting.refuse_plain("; include x")


def test_what_was_done_to_a_written_value_makes_it_plain_again():
    with pytest.raises(Unwritable):
        quoting.refuse_plain(quoting.word("a") + "; b")
    assert isinstance(quoting.refuse_plain(quoting.word("a")), Written)


@pytest.mark.parametrize("value", [None, object(), ["a"], b"a", 1.5])
def test_nothing_but_values_is_written(value):
    with pytest.raises(Unwritable):
        quoting.refuse_plain(value)
