"""Lists of the ConfigMap that guard access: what is wrong in them costs itself."""

import pytest

from generator.directives import Regex, Text
from generator.objects import Kind, Name, ObjectRef
from generator.options.blocking import BLOCK_CIDRS, BLOCK_USER_AGENTS
from generator.options.reading import read_options
from generator.options.source_ranges import DENYLIST_SOURCE_RANGE, WHITELIST_SOURCE_RANGE

OWNER = ObjectRef(Kind.CONFIG_MAP, Name("pillion", "options"))


def read(option, text):
    values, problems = read_options({option.name: text}, OWNER)
    return values[option], [problem.code for problem in problems]


@pytest.mark.parametrize("option", [DENYLIST_SOURCE_RANGE, WHITELIST_SOURCE_RANGE, BLOCK_CIDRS])
def test_a_wrong_network_leaves_the_others_of_its_list(option):
    assert read(option, "10.0.0.0/8, 192.168.0.0/33, 2001:db8::/32") == (
        ("10.0.0.0/8", "2001:db8::/32"),
        ["option-invalid"],
    )


def test_a_whitelist_of_which_nothing_is_valid_lets_nobody_in():
    assert read(WHITELIST_SOURCE_RANGE, "office") == (("255.255.255.255/32",), ["option-invalid"])
    assert read(WHITELIST_SOURCE_RANGE, "") == ((), [])
    assert read(DENYLIST_SOURCE_RANGE, "office") == ((), ["option-invalid"])


def test_user_agents_are_texts_or_expressions_of_either_case():
    wanted = "curl/8.0, ~*bad[bB]ot, ~^Evil"
    assert read(BLOCK_USER_AGENTS, wanted)[0] == (
        Text("curl/8.0"),
        Regex("(?i)bad[bB]ot"),
        Regex("^Evil"),
    )
    assert read(BLOCK_USER_AGENTS, "~(, curl")[0] == (Text("curl"),)


def test_a_key_without_effect_says_why_and_one_unknown_is_told_what_was_meant():
    _, problems = read_options({"lua-shared-dicts": "x", "use-gzp": "true"}, OWNER)
    told = {problem.field: (problem.code, problem.message + problem.advice) for problem in problems}
    assert told["lua-shared-dicts"][0] == "option-ignored"
    assert "no Lua" in told["lua-shared-dicts"][1]
    assert told["use-gzp"][0] == "option-unknown"
    assert "use-gzip" in told["use-gzp"][1]
