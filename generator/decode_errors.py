"""Says to people what msgspec says of an object that cannot be decoded."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from generator import problems
from generator.objects import Kind, ObjectRef, PathType
from generator.problems import Code, Problem

_WHERE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_ENUM = re.compile(r"Invalid enum value ")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")

_TYPES = {
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "float": "a number",
    "null": "nothing",
}


def undecoded(ref: ObjectRef, error: msgspec.DecodeError, value: Mapping[str, Any]) -> Problem:
    """Tell which field of `value` is wrong, with what it holds and what it should be.

    What a Secret holds is never told.
    """
    text = str(error)
    where = _WHERE.search(text)
    field = where["field"] if where else ""
    missing = _MISSING.match(text)
    if missing:
        field = f"{field}.{missing['name']}" if field else missing["name"]
    message = _message(
        text.removesuffix(where[0] if where else ""),
        "What it holds" if ref.kind is Kind.SECRET else _shown(_at(value, field)),
    )
    return invalid_object(ref, field, message, "Mend it.")


def invalid_object(ref: ObjectRef, field: str, message: str, hint: str) -> Problem:
    """Return the problem of an object that cannot be decoded."""
    meanwhile = "the last good version of the object, if there was one"
    return problems.error(ref, field, Code.OBJECT_INVALID, message, hint, meanwhile=meanwhile)


def _shown(value: object) -> str:
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _message(text: str, shown: str) -> str:
    if _MISSING.match(text):
        return "It is missing."
    if expected := _EXPECTED.match(text):
        kinds = [_TYPES.get(kind, kind) for kind in expected["expected"].split(" | ")]
        return f"{shown} is not {' or '.join(kinds)}."
    if _ENUM.match(text):
        return f"{shown} is none of {', '.join(PathType)}."
    return f"{shown} is not what it should be: {text}."


def _at(value: Any, field: str) -> object:  # noqa: ANN401 - any plain value
    for key, index in _STEP.findall(field):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
