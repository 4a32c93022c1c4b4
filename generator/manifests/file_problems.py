"""The problems of files and folders of manifests, and of the documents in them."""

from pathlib import Path
from typing import NamedTuple

from generator import problems
from generator.objects import ObjectRef, file_ref
from generator.problems import Code, Problem
from generator.snapshot import Origin


class FileProblem(NamedTuple):
    """The problem of a file or folder that cannot be read, and its line; 0 for all of it."""

    problem: Problem
    line: int = 0


def unreadable(path: Path, error: OSError) -> FileProblem:
    """Return the problem of a path that the system does not let us read."""
    if isinstance(error, FileNotFoundError):
        message, hint = "It does not exist.", "Create it, or name another by --manifests."
    elif isinstance(error, PermissionError):
        message, hint = "It may not be read.", "Let this user read it, such as by chmod."
    else:
        message = f"It cannot be read: {error.strerror}."
        hint = "Check the file system that it is on."
    return _file_error(path, message, hint)


def malformed(path: Path, message: str, line: int) -> FileProblem:
    """Return the problem of a file whose text cannot be parsed."""
    return _file_error(path, message, "Correct the file.", line)


def _file_error(path: Path, message: str, hint: str, line: int = 0) -> FileProblem:
    problem = problems.error(
        file_ref(path),
        "",
        Code.FILE_UNREADABLE,
        message,
        hint,
        meanwhile="what was last read from it, if anything",
    )
    return FileProblem(problem, line)


def no_file(path: Path) -> FileProblem:
    """Return the problem of what has the name of a manifest and is a pipe, socket or device."""
    return _file_error(path, "It is not a regular file.", "Put a file there, or take it away.")


def too_many_files(path: Path, files: int, folders: int) -> FileProblem:
    """Return the problem of a folder with more manifests than are read."""
    problem = problems.error(
        file_ref(path),
        "",
        Code.FILE_UNREADABLE,
        f"There are more than {files} files of manifests, or {folders} folders.",
        "Name a folder that holds manifests alone.",
        meanwhile="the others are left out",
    )
    return FileProblem(problem)


def no_manifests(path: Path | str) -> FileProblem:
    """Return the problem of a folder without manifests."""
    problem = problems.warning(
        file_ref(path),
        "",
        Code.FILE_UNREADABLE,
        "There is no manifest in it.",
        "Add files that end in .yaml, .yml or .json; they are read as they appear.",
    )
    return FileProblem(problem)


def duplicate_object(ref: ObjectRef, first: Origin, last: Origin) -> Problem:
    """Return the problem of an object that two documents define."""
    return problems.warning(
        ref,
        "metadata.name",
        Code.DUPLICATE_OBJECT,
        f"It is defined twice, first at {first.file}:{first.line}.",
        "Keep one of the two.",
        meanwhile=f"the last one counts, {last.file}:{last.line}",
    )


def kind_missing(ref: ObjectRef, line: int) -> Problem:
    """Return the problem of a document that does not say what it is."""
    return problems.warning(
        ref,
        "",
        Code.OBJECT_INVALID,
        f"The document at line {line} has no apiVersion and kind.",
        "Add both, or move it out of this folder.",
        meanwhile="it is ignored",
    )
