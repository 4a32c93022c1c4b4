"""Translates msgspec's errors into problems in plain words."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

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


class FieldError(Struct, frozen=True):
    """The field that cannot be decoded, and why, in words for people."""

    field: str
    """Its path, such as `spec.rules[0].host`; empty for the whole object."""
    predicate: str
    """Follows the value in a sentence: `is not a list`."""
    is_missing: bool = False


def field_error_of(error: msgspec.DecodeError) -> FieldError:
    """Parse msgspec's message."""
    text = str(error)
    where = _WHERE.search(text)
    field = where["field"] if where else ""
    if missing := _MISSING.match(text):
        name = missing["name"]
        return FieldError(f"{field}.{name}" if field else name, "is missing", is_missing=True)
    return FieldError(field, _predicate(text.removesuffix(where[0] if where else "")))


def decode_problem(ref: ObjectRef, error: msgspec.DecodeError, value: Mapping[str, Any]) -> Problem:
    """Return the problem of an object that cannot be decoded: field, value, what is expected.

    Values of a Secret are never shown.
    """
    found = field_error_of(error)
    value_shown = "The value" if ref.kind is Kind.SECRET else _shown(_at(value, found.field))
    subject = "It" if found.is_missing else value_shown
    hint = "Add it." if found.is_missing else "Correct it."
    return invalid_object(ref, found.field, f"{subject} {found.predicate}.", hint)


def invalid_object(ref: ObjectRef, field: str, message: str, hint: str) -> Problem:
    """Return the problem of an object that is not valid, and so not used."""
    meanwhile = "the last good version of the object, if there was one"
    return problems.error(ref, field, Code.OBJECT_INVALID, message, hint, meanwhile=meanwhile)


def _shown(value: object) -> str:
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _predicate(text: str) -> str:
    if expected := _EXPECTED.match(text):
        kinds = [_TYPES.get(kind, kind) for kind in expected["expected"].split(" | ")]
        return f"is not {' or '.join(kinds)}"
    if _ENUM.match(text):
        return f"is not one of {', '.join(PathType)}"
    return f"is not valid: {text}"


def _at(value: Any, field: str) -> object:  # noqa: ANN401 - any plain value
    for key, index in _STEP.findall(field):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
