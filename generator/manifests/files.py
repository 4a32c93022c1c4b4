"""Reads one file into decoded documents; only documents whose text changed are parsed anew."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from generator.manifests.decoding import DecodedDocument, decode_document
from generator.manifests.documents import (
    DocumentText,
    ParseError,
    decoded,
    parse_objects,
    split_documents,
)
from generator.manifests.file_problems import FileProblem, malformed, unreadable
from generator.manifests.lists import parse_in_parts
from generator.objects import ObjectRef
from reloader.contract import ContractError, Stamp, read_bytes

MAX_FILE_BYTES = 64 << 20


class Entry(NamedTuple):
    """One decoded document and its line."""

    decoded: DecodedDocument
    line: int


class FileContent(Struct, frozen=True):
    """What was read from one file."""

    stamp: Stamp
    parsed: Mapping[bytes, tuple[Entry, ...]]
    """By the hash of the text of the document, lines counted within it."""
    entries: tuple[Entry, ...] = ()
    """Lines counted within the file."""
    last_good: Mapping[ObjectRef, DecodedDocument] = {}
    """The last good version of objects that do not decode now."""
    problem: FileProblem | None = None


def read_file(path: Path, stamp: Stamp, before: FileContent | None) -> FileContent:
    """Read a file, unless its stamp is the same; one that cannot be read keeps its content."""
    if before is not None and before.stamp == stamp:
        return before
    last = before or FileContent(stamp, {})
    try:
        return _parse(_read_text(path, stamp), stamp, last)
    except ParseError as error:
        problem = malformed(path, error.message, error.line)
    except OSError as error:
        problem = unreadable(path, error)
    return replace(last, stamp=stamp, problem=problem)


def _read_text(path: Path, stamp: Stamp) -> str:
    if stamp.size > MAX_FILE_BYTES:
        raise ParseError(f"It is larger than {MAX_FILE_BYTES >> 20} MiB. Split it into several.", 0)
    try:
        content = read_bytes(path, MAX_FILE_BYTES, through_links=True)
    except ContractError as error:
        raise ParseError(f"It cannot be read: {error}.", 0) from error
    return decoded(content)


def _parse(text: str, stamp: Stamp, before: FileContent) -> FileContent:
    parsed: dict[bytes, tuple[Entry, ...]] = {}

    def known_or_decoded(document: DocumentText) -> list[Entry]:
        key = hashlib.sha256(document.text.encode()).digest()
        found = before.parsed.get(key)
        parsed[key] = found = _decode(document) if found is None else found
        return [Entry(each, document.line + line - 1) for each, line in found]

    parts = [
        part for each in split_documents(text) for part in parse_in_parts(each, known_or_decoded)
    ]
    entries = [entry for part in parts for entry in part]
    return FileContent(stamp, parsed, tuple(entries), _last_good(entries, before))


def _decode(document: DocumentText) -> tuple[Entry, ...]:
    try:
        found = [(decode_document(each), each.line) for each in parse_objects(document.text)]
    except ParseError as error:
        raise ParseError(error.message, document.line + error.line - 1) from error
    return tuple(Entry(decoded, line) for decoded, line in found if decoded is not None)


def _last_good(
    entries: Iterable[Entry], before: FileContent
) -> Mapping[ObjectRef, DecodedDocument]:
    """Return the last good version of each object that does not decode now."""
    good = {e.decoded.ref: e.decoded for e in before.entries if e.decoded.objects}
    good = {**before.last_good, **good}
    return {
        e.decoded.ref: good[e.decoded.ref]
        for e in entries
        if not e.decoded.objects and e.decoded.ref in good
    }
