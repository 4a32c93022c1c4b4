"""Splits a List, as `kubectl get` writes it, into the texts of its items.

One item is parsed at a time: the nodes of a dump of tens of megabytes are never there
all at once, other threads get their turn between items, and of a file that is read again
only the items that changed are parsed anew.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeVar

from generator.manifests.documents import DocumentText, ParseError, parse_objects

T = TypeVar("T")

_YAML_ITEMS = re.compile(r"^items:[ ]*\n(?=( *)-\s)", re.MULTILINE)
_NEXT_KEY = re.compile(r"\n[^\s#-]")
_JSON_ITEMS = re.compile(r'\s*\{\s*"apiVersion"\s*:\s*"v1"\s*,\s*"items"\s*:\s*\[')
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_LIST = {"apiVersion": "v1", "kind": "List"}


def parse_in_parts(document: DocumentText, parse: Callable[[DocumentText], T]) -> tuple[T, ...]:
    """Parse each item of a List, anything else as a whole. Raises ParseError as `parse` does."""
    items = split_list(document)
    if items:
        try:
            return tuple([parse(item) for item in items])
        except ParseError:
            pass  # an alias of another item; or a mistake, told with the place in the whole
    return (parse(document),)


def split_list(document: DocumentText) -> tuple[DocumentText, ...]:
    """Return the items of a List, each where it stands; nothing for any other document."""
    is_json = document.text.lstrip().startswith("{")
    return tuple((_json_items if is_json else _yaml_items)(document))


def _yaml_items(document: DocumentText) -> Iterator[DocumentText]:
    text = document.text
    found = _YAML_ITEMS.search(text)
    if found is None:
        return
    begin, margin = found.end(), len(found[1])
    after = _NEXT_KEY.search(text, begin)
    end = after.start() + 1 if after else len(text)
    if not _is_list(text[: found.start()] + text[end:]):
        return
    dash = re.compile(rf"\n {{{margin}}}-(?=\s)")
    starts = [match.end() - 1 for match in dash.finditer(text, begin - 1, end)]
    line, counted = document.line, 0
    for start, stop in pairwise([*starts, end]):
        line += text.count("\n", counted, start)
        counted = start
        # A blank in the place of the dash: what the item says keeps its column.
        yield DocumentText(" " * (margin + 1) + text[start + 1 : stop], line)


def _is_list(around: str) -> bool:
    """Whether the text around the items says that they are those of a List, and no more."""
    try:
        (document,) = parse_objects(around)
    except (ParseError, ValueError):
        return False
    return _says_list(document.value)


def _says_list(value: Any) -> bool:  # noqa: ANN401 - any plain value
    return isinstance(value, dict) and "items" not in value and _LIST.items() <= value.items()


def _json_items(document: DocumentText) -> Iterator[DocumentText]:
    text = document.text
    found = _JSON_ITEMS.match(text)
    spans, end = _json_spans(text, found.end()) if found else ([], 0)
    try:
        around = json.loads('{"apiVersion":"v1"' + text[end:]) if spans else None
    except (ValueError, RecursionError):
        return
    if not _says_list(around):
        return
    line, counted = document.line, 0
    for start, stop in spans:
        line += text.count("\n", counted, start)
        counted = start
        yield DocumentText(text[start:stop], line)


def _json_spans(text: str, begin: int) -> tuple[list[tuple[int, int]], int]:
    """Return where each item of an array stands, and its end; nothing where it has none."""
    decoder = json.JSONDecoder()
    spans: list[tuple[int, int]] = []
    at = begin
    try:
        while True:
            start = _after_space(text, at)
            _, stop = decoder.raw_decode(text, start)
            spans.append((start, stop))
            at = _after_space(text, stop) + 1
            if text[at - 1 : at] == "]":
                return spans, at
            if text[at - 1 : at] != ",":
                return [], at
    except (ValueError, RecursionError):
        return [], at


def _after_space(text: str, at: int) -> int:
    found = _JSON_SPACE.match(text, at)
    return found.end() if found else at
