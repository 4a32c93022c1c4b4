"""From the data of the ConfigMap to typed values and problems."""

from collections.abc import Mapping
from typing import Any

from generator import problems
from generator.objects import ObjectRef
from generator.options.catalog import BY_NAME
from generator.options.declaration import GlobalValues, Option
from generator.options.without_effect import WITHOUT_EFFECT
from generator.problems import Code, Problem, Problems, shown
from generator.values.declared import did_you_mean, settings_in
from generator.values.describe import described
from generator.values.invalid import Invalid


def read_options(data: Mapping[str, str], owner: ObjectRef) -> tuple[GlobalValues, Problems]:
    """Read every key; one that is wrong costs itself. An empty value is an unset one."""
    texts = {name: text for name, text in data.items() if text.strip()}
    given: dict[Option[Any], Any] = {}
    found: list[Problem] = []
    for option, name, overridden in settings_in(texts, BY_NAME):
        found += [
            problems.older_name(owner, alias, name, Code.OPTION_IGNORED) for alias in overridden
        ]
        try:
            given[option] = option.parse(texts[name].strip())
        except Invalid as invalid:
            if invalid.kept is not None:
                given[option] = invalid.kept
            found.append(_invalid(owner, name, option, texts[name], invalid))
    for name in texts:
        if why := WITHOUT_EFFECT.get(name):
            found.append(_without_effect(owner, name, why))
        elif name not in BY_NAME:
            found.append(_unknown(owner, name))
    return GlobalValues(given), tuple(found)


def _invalid(
    owner: ObjectRef, name: str, option: Option[Any], text: str, invalid: Invalid
) -> Problem:
    return problems.error(
        owner,
        name,
        Code.OPTION_INVALID,
        f"{shown(text)} is not {invalid.expected}.",
        invalid.hint,
        meanwhile=f"{described(option.default)}, the default"
        if invalid.kept is None
        else f"the rest of the list: {described(invalid.kept)}",
    )


def _without_effect(owner: ObjectRef, name: str, why: str) -> Problem:
    return problems.warning(
        owner,
        name,
        Code.OPTION_IGNORED,
        f"It changes nothing here: {why}.",
        "It can be removed.",
        meanwhile="it has no effect",
    )


def _unknown(owner: ObjectRef, name: str) -> Problem:
    return problems.warning(
        owner,
        name,
        Code.OPTION_UNKNOWN,
        "Pillion has no option of this name.",
        did_you_mean(name, BY_NAME) or "Remove it.",
        meanwhile="it has no effect",
    )
