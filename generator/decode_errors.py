"""Puts into words for people what msgspec says of a value that cannot be decoded."""

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


class Fault(Struct, frozen=True):
    """What msgspec has against a value, in words for people."""

    field: str
    """Where, such as `spec.rules[0].host`; empty for the whole."""
    predicate: str
    """Follows the value in a sentence: `is not a list`."""
    is_missing: bool = False


def fault_of(error: msgspec.DecodeError) -> Fault:
    """Take msgspec's message apart."""
    text = str(error)
    where = _WHERE.search(text)
    field = where["field"] if where else ""
    if missing := _MISSING.match(text):
        name = missing["name"]
        return Fault(f"{field}.{name}" if field else name, "is missing", is_missing=True)
    return Fault(field, _predicate(text.removesuffix(where[0] if where else "")))


def undecoded(ref: ObjectRef, error: msgspec.DecodeError, value: Mapping[str, Any]) -> Problem:
    """Return the problem of an object: which field, what it holds and what it should be.

    What a Secret holds is never shown.
    """
    fault = fault_of(error)
    held = "What it holds" if ref.kind is Kind.SECRET else _shown(_at(value, fault.field))
    subject = "It" if fault.is_missing else held
    return invalid_object(ref, fault.field, f"{subject} {fault.predicate}.", "Mend it.")


def invalid_object(ref: ObjectRef, field: str, message: str, hint: str) -> Problem:
    """Return the problem of an object that cannot be decoded."""
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
        return f"is none of {', '.join(PathType)}"
    return f"is not what it should be: {text}"


def _at(value: Any, field: str) -> object:  # noqa: ANN401 - any plain value
    for key, index in _STEP.findall(field):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
