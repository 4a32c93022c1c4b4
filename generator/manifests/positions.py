"""Finds the line in a file that a problem is about."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import yaml

from generator.manifests.documents import (
    Document,
    DocumentText,
    ParseError,
    child_of,
    decoded,
    parse_objects,
    split_documents,
)
from generator.manifests.files import MAX_FILE_BYTES
from generator.manifests.lists import split_list
from generator.problems import Problem
from generator.snapshot import Origin, Snapshot
from reloader.contract import ContractError, read_bytes

_INDEX = re.compile(r"\[(\d+)\]")
_NEWER = {"backend": "defaultBackend"}
"""Fields of v1beta1 by the names that they have now."""

_KEPT = 16
"""Documents whose nodes are kept: problems come in order of objects."""


class Locator:
    """Finds the lines of objects and their fields; reads the files anew."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._origins = snapshot.origins
        self._parts = cache(_parts)
        self._documents = lru_cache(_KEPT)(_documents)

    def locate(self, problem: Problem) -> Origin | None:
        """Return the line of the field, else of the object; None for an object of no file."""
        origin = self._origins.get(problem.object)
        if origin is None:
            return None
        document = self._document(origin)
        if document is None or not isinstance(document.node, yaml.MappingNode):
            return origin
        line = _line_of(document.node, problem.field)
        return Origin(origin.file, origin.line + line - document.line)

    def _document(self, origin: Origin) -> Document | None:
        parts = self._parts(origin.file)
        number = bisect_right(parts, origin.line, key=lambda part: part.line)
        return self._documents(parts[number - 1]).get(origin.line) if number else None


def _parts(file: str) -> Sequence[DocumentText]:
    """Return a file's documents, in the place of a List its items."""
    try:
        content = read_bytes(Path(file), MAX_FILE_BYTES, through_links=True)
        documents = split_documents(decoded(content))
        return [part for each in documents for part in split_list(each) or (each,)]
    except (ParseError, OSError, ContractError):
        return ()


def _documents(part: DocumentText) -> dict[int, Document]:
    """Return the objects of a document by their lines; nothing where it does not parse."""
    try:
        return {part.line + each.line - 1: each for each in parse_objects(part.text)}
    except ParseError:
        return {}


def _line_of(node: yaml.MappingNode, field: str) -> int:
    """Follow a path as far as it exists; a single word may be the name of an annotation."""
    annotations = child_of(child_of(node, "metadata"), "annotations")
    if isinstance(annotations, yaml.MappingNode):
        for key, _ in annotations.value:
            if field and key.value in {field} | {key.value.rpartition("/")[0] + "/" + field}:
                return int(key.start_mark.line) + 1
    line, rest = int(node.start_mark.line) + 1, field
    current: yaml.Node = node
    while rest:
        step = _step(current, rest)
        if step is None:
            break
        line, current, rest = step
    return line


def _step(node: yaml.Node, field: str) -> tuple[int, yaml.Node, str] | None:
    index = _INDEX.match(field)
    if index and isinstance(node, yaml.SequenceNode) and int(index[1]) < len(node.value):
        item = node.value[int(index[1])]
        return int(item.start_mark.line) + 1, item, field[index.end() :].removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        # Keys may have dots in them (tls.crt): the longest that fits is meant.
        for key, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            for name in (key.value, _NEWER.get(key.value, "")):
                rest = field.removeprefix(name) if name else field
                if rest != field and (not rest or rest[0] in ".["):
                    return int(key.start_mark.line) + 1, value, rest.removeprefix(".")
    return None
