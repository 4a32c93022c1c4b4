"""Finds the files of manifests below some paths, without reading them."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from generator.manifests.file_problems import (
    FileProblem,
    no_file,
    no_manifests,
    too_many_files,
    unreadable,
)
from reloader.contract import Stamp

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
MAX_FILES = 10_000
MAX_FOLDERS = 10_000
"""A link in a folder may lead to all of a disk."""


class Scan(Struct, frozen=True):
    """The files that exist at one moment."""

    files: Mapping[Path, Stamp]
    """In the order in which they count."""
    folders: tuple[Path, ...]
    """Where a change would show."""
    unreadable: tuple[Path, ...] = ()
    """Paths that cannot be looked at now; what was read below them before stays."""
    problems: tuple[FileProblem, ...] = ()


def scan(paths: Sequence[Path]) -> Scan:
    """Return the files that exist now, without hidden ones and a ConfigMap's `..data`."""
    files: dict[Path, Stamp] = {}
    folders: list[Path] = []
    failed: list[Path] = []
    found: list[FileProblem] = []
    seen: set[tuple[int, int]] = set()
    waiting = list(reversed(paths))
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                files[path] = Stamp.of(status)
            elif not stat.S_ISDIR(status.st_mode):
                found.append(no_file(path))
            elif (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                folders.append(path)
                waiting += reversed(list(_candidates(path)))
        except OSError as error:
            if path in paths or not isinstance(error, FileNotFoundError):
                failed.append(path)
                found.append(unreadable(path, error))
        if len(files) > MAX_FILES or len(folders) > MAX_FOLDERS:
            found.append(too_many_files(paths[0], MAX_FILES, MAX_FOLDERS))
            break
    if not files and not found:
        found.append(no_manifests(paths[0] if paths else ""))
    folders += [path.parent for path in paths if path in files or path in failed]
    return Scan(files, tuple(dict.fromkeys(folders)), tuple(failed), tuple(found))


def _candidates(folder: Path) -> Iterator[Path]:
    """List the manifests and folders in a folder, in order of their names."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if Path(entry.name).suffix in SUFFIXES or entry.is_dir():
                yield folder / entry.name
