"""Reads folders and files again and again; what did not change stays the very same object.

A file is read when its stamp changed, a document is parsed when its text changed, and
an object that is equal to the one before is the one before. A file that does not parse
keeps what it last gave, and so does an object that does not decode.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from generator import problems
from generator.manifests.decoding import KINDLESS, Decoded, decode_document
from generator.manifests.documents import Broken, Chunk, chunks, documents
from generator.objects import EndpointSlice, Kind, KubernetesObject, Name, ObjectRef
from generator.problems import Code, Problem
from generator.snapshot import Origin, Snapshot
from reloader.contract import Stamp

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
MAX_FILE_BYTES = 16 << 20
MAX_FILES = 10_000


def read_manifests(paths: Sequence[Path]) -> Snapshot:
    """Read folders and files once."""
    return Folder(paths).read(scan(paths))


# --- what lies there --------------------------------------------------------------------------


class FileProblem(NamedTuple):
    """The problem of a file or folder that cannot be read, and its line; 0 for all of it."""

    problem: Problem
    line: int = 0


class Scan(Struct, frozen=True):
    """Which files there are at one moment."""

    files: Mapping[Path, Stamp]
    """In the order in which they count."""
    folders: tuple[Path, ...]
    """Where a change would show."""
    lost: tuple[Path, ...] = ()
    """Folders that cannot be listed now; what they gave before stays."""
    troubles: tuple[FileProblem, ...] = ()


def scan(paths: Sequence[Path]) -> Scan:
    """Look which files there are; hidden ones and a ConfigMap's `..data` are passed over."""
    files: dict[Path, Stamp] = {}
    folders: list[Path] = []
    lost: list[Path] = []
    troubles: list[FileProblem] = []
    seen: set[tuple[int, int]] = set()
    waiting = list(reversed(paths))
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                files[path] = Stamp.of(status)
            if stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                folders.append(path)
                waiting += reversed(list(_inside(path)))
        except OSError as error:
            if path in paths or not isinstance(error, FileNotFoundError):
                lost.append(path)
                troubles.append(_unreadable(path, error))
        if len(files) > MAX_FILES:
            troubles.append(_too_many(paths))
            break
    if not files and not troubles:
        troubles.append(_empty(paths))
    folders += [path.parent for path in paths if path in files or path in lost]
    return Scan(files, tuple(dict.fromkeys(folders)), tuple(lost), tuple(troubles))


def _inside(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if Path(entry.name).suffix in SUFFIXES or entry.is_dir():
                yield folder / entry.name


def _unreadable(path: Path, error: OSError) -> FileProblem:
    if isinstance(error, FileNotFoundError):
        message, hint = "It does not exist.", "Create it, or give another by --manifests."
    elif isinstance(error, PermissionError):
        message, hint = "It may not be read.", "Let this user read it, such as by chmod."
    else:
        message, hint = f"It cannot be read: {error.strerror}.", "See whether its disk is well."
    meanwhile = "what it last held, if anything"
    problem = problems.error(
        _ref(path), "", Code.FILE_UNREADABLE, message, hint, meanwhile=meanwhile
    )
    return FileProblem(problem)


def _too_many(paths: Sequence[Path]) -> FileProblem:
    problem = problems.error(
        _ref(paths[0]),
        "",
        Code.FILE_UNREADABLE,
        f"There are more than {MAX_FILES} files of manifests.",
        "Give a folder that holds manifests alone.",
        meanwhile="the others are left out",
    )
    return FileProblem(problem)


def _empty(paths: Sequence[Path]) -> FileProblem:
    problem = problems.warning(
        _ref(paths[0] if paths else ""),
        "",
        Code.FILE_UNREADABLE,
        "There is no manifest in it.",
        "Put files into it that end in .yaml, .yml or .json; they are read as they come.",
    )
    return FileProblem(problem)


def _ref(path: Path | str) -> ObjectRef:
    return ObjectRef(Kind.FILE, Name("", str(path)))


# --- what was read ----------------------------------------------------------------------------


class _Entry(NamedTuple):
    """One document and where it stands."""

    decoded: Decoded
    line: int


class _File(Struct, frozen=True):
    """What one file gave."""

    stamp: Stamp
    parsed: Mapping[str, tuple[_Entry, ...]]
    """By the text of the chunk, lines counted within it."""
    entries: tuple[_Entry, ...] = ()
    """Lines counted within the file."""
    kept: Mapping[ObjectRef, Decoded] = {}
    """The last good version of objects that do not decode now."""
    trouble: FileProblem | None = None


class Folder:
    """The files of some paths, and what was read from them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._files: dict[Path, _File] = {}
        self._last = Snapshot()
        self._objects: Mapping[ObjectRef, KubernetesObject] = {}

    def read(self, seen: Scan) -> Snapshot:
        """Read what changed since the last time."""
        files = {path: self._file(path, stamp) for path, stamp in seen.files.items()}
        for path, file in self._files.items():
            if path not in files and any(path.is_relative_to(lost) for lost in seen.lost):
                files[path] = file
        self._files = files
        self._last = self._assemble(seen.troubles)
        return self._last

    def _file(self, path: Path, stamp: Stamp) -> _File:
        before = self._files.get(path)
        if before is not None and before.stamp == stamp:
            return before
        try:
            text = _read_text(path, stamp)
            return _parse(text, stamp, before)
        except Broken as broken:
            meanwhile = "what the file last gave"
            problem = problems.error(
                _ref(path),
                "",
                Code.FILE_UNREADABLE,
                broken.message,
                "Mend it.",
                meanwhile=meanwhile,
            )
            trouble = FileProblem(problem, broken.line)
        except OSError as error:
            trouble = _unreadable(path, error)
        if before is None:
            return _File(stamp, {}, trouble=trouble)
        return _File(stamp, before.parsed, before.entries, before.kept, trouble)

    def _assemble(self, troubles: Iterable[FileProblem]) -> Snapshot:
        collected = _collect(self._files)
        found = collected.problems
        objects = {
            ref: _same_if_equal(self._objects.get(ref), new)
            for ref, new in collected.objects.items()
        }
        self._objects = objects
        origins = collected.origins
        for trouble in [*troubles, *(f.trouble for f in self._files.values() if f.trouble)]:
            ref = trouble.problem.object
            origins[ref] = Origin(ref.name.name, trouble.line)
            found.append(trouble.problem)
        return Snapshot(
            ingresses=_of_kind(objects, Kind.INGRESS),
            ingress_classes=_of_kind(objects, Kind.INGRESS_CLASS),
            services=_of_kind(objects, Kind.SERVICE),
            endpoint_slices=self._slices(_of_kind(objects, Kind.ENDPOINT_SLICE)),
            secrets=_of_kind(objects, Kind.SECRET),
            config_maps=_of_kind(objects, Kind.CONFIG_MAP),
            problems=tuple(found),
            origins=MappingProxyType(origins),
        )

    def _slices(
        self, slices: Mapping[Name, EndpointSlice]
    ) -> Mapping[Name, tuple[EndpointSlice, ...]]:
        groups: dict[Name, list[EndpointSlice]] = {}
        for name in sorted(slices):
            groups.setdefault(slices[name].service, []).append(slices[name])
        last = self._last.endpoint_slices
        return MappingProxyType(
            {service: _same_if_equal(last.get(service), tuple(g)) for service, g in groups.items()}
        )


def _read_text(path: Path, stamp: Stamp) -> str:
    if stamp.size > MAX_FILE_BYTES:
        raise Broken(f"It is larger than {MAX_FILE_BYTES >> 20} MiB. Split it into several.", 0)
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Broken("It is not UTF-8.", line) from error


def _parse(text: str, stamp: Stamp, before: _File | None) -> _File:
    parsed: dict[str, tuple[_Entry, ...]] = {}
    entries: list[_Entry] = []
    known = before.parsed if before else {}
    for chunk in chunks(text):
        found = known.get(chunk.text)
        parsed[chunk.text] = _parse_chunk(chunk) if found is None else found
        entries += (_Entry(decoded, chunk.line + line - 1) for decoded, line in parsed[chunk.text])
    return _File(stamp, parsed, tuple(entries), _kept(entries, before))


def _parse_chunk(chunk: Chunk) -> tuple[_Entry, ...]:
    try:
        found = [(decode_document(document), document.line) for document in documents(chunk.text)]
    except Broken as broken:
        raise Broken(broken.message, chunk.line + broken.line - 1) from broken
    return tuple(_Entry(decoded, line) for decoded, line in found if decoded is not None)


def _kept(entries: Iterable[_Entry], before: _File | None) -> Mapping[ObjectRef, Decoded]:
    """Find the last good version of each object that does not decode now."""
    if before is None:
        return {}
    good = {e.decoded.ref: e.decoded for e in before.entries if e.decoded.objects}
    good = {**before.kept, **good}
    return {
        e.decoded.ref: good[e.decoded.ref]
        for e in entries
        if not e.decoded.objects and e.decoded.ref in good
    }


class _Collected(Struct, frozen=True):
    objects: dict[ObjectRef, KubernetesObject]
    origins: dict[ObjectRef, Origin]
    problems: list[Problem]


def _collect(files: Mapping[Path, _File]) -> _Collected:
    """Bring all files together; of two documents with one object the last counts."""
    objects: dict[ObjectRef, KubernetesObject] = {}
    origins: dict[ObjectRef, Origin] = {}
    found: list[Problem] = []
    mirrored: dict[ObjectRef, EndpointSlice] = {}
    for path, file in files.items():
        for entry in file.entries:
            decoded, origin = entry.decoded, Origin(str(path), entry.line)
            if decoded is KINDLESS:
                ref = _ref(path)
                origins.setdefault(ref, origin)
                found.append(_kindless(ref, entry.line))
                continue
            if decoded.ref in origins:
                found.append(_twice(decoded.ref, origins[decoded.ref], origin))
            origins[decoded.ref] = origin
            found += decoded.problems
            good = decoded if decoded.objects else file.kept.get(decoded.ref, decoded)
            for ref, each in good.objects:
                if isinstance(each, EndpointSlice) and ref != decoded.ref:
                    mirrored[ref] = each
                else:
                    objects[ref] = each
    sliced = {o.service for o in objects.values() if isinstance(o, EndpointSlice)}
    # A cluster mirrors Endpoints into slices; a dump of it holds both.
    objects |= {ref: o for ref, o in mirrored.items() if o.service not in sliced}
    return _Collected(objects, origins, found)


def _twice(ref: ObjectRef, first: Origin, last: Origin) -> Problem:
    return problems.warning(
        ref,
        "metadata.name",
        Code.DUPLICATE_OBJECT,
        f"It is written down twice, first at {first.file}:{first.line}.",
        "Keep one of the two.",
        meanwhile=f"the last counts, {last.file}:{last.line}",
    )


def _kindless(ref: ObjectRef, line: int) -> Problem:
    return problems.warning(
        ref,
        "",
        Code.OBJECT_INVALID,
        f"The document at line {line} has no apiVersion and kind.",
        "Give it both, or keep it elsewhere.",
        meanwhile="it is passed over",
    )


def _of_kind(objects: Mapping[ObjectRef, KubernetesObject], kind: Kind) -> Mapping[Name, Any]:
    return MappingProxyType({ref.name: o for ref, o in objects.items() if ref.kind is kind})


def _same_if_equal(before: Any, now: Any) -> Any:  # noqa: ANN401 - any value
    return before if before is not None and before == now else now
