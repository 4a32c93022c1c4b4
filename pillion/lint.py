"""`pillion lint`: finds problems of manifests before they reach a cluster."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from generator import translation
from generator.components import translation_settings_of
from generator.manifests import Locator
from generator.objects import Kind, ObjectRef
from generator.problems import Problem, Severity, printable
from generator.settings.settings import Settings
from generator.snapshot import Origin, Snapshot
from generator.volume.default_certificate import make
from pillion.nginx_check import opinion
from pillion.read_once import read_once

_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


class Finding(Struct, frozen=True):
    """A problem, and its place in a file."""

    problem: Problem
    origin: Origin | None

    @property
    def is_error(self) -> bool:
        """Return whether something that was asked for does not happen."""
        return self.problem.severity is Severity.ERROR


def lint_once(settings: Settings, *, nginx_bin: Path | None = None) -> list[Finding]:
    """Return all findings, in order of files and lines; nginx tests too if it is installed.

    Raises CommandError.
    """
    now = dt.datetime.now(dt.UTC)
    options = translation_settings_of(settings, make(now))
    snapshot = read_once(settings, options)
    found = translation.translate(snapshot, options, translation.Memo())
    problems = found.problems + translation.out_of_date(found.dated, now)
    problems += opinion(settings, snapshot, options, nginx_bin=nginx_bin)
    return located(tuple(dict.fromkeys(problems)), snapshot)


def located(problems: Sequence[Problem], snapshot: Snapshot) -> list[Finding]:
    """Find the line of each problem."""
    locator = Locator(snapshot)
    findings = [Finding(p, locator.locate(p) or _file_origin(p.object)) for p in problems]
    return sorted(findings, key=lambda f: (_sort_key(f.origin), f.problem))


def as_text(finding: Finding) -> str:
    """Write a finding for people: what is wrong, and under it the way out.

    Each is one line, even if a name has line breaks: a CI interprets some lines as commands.
    """
    problem = finding.problem
    position = _position(finding.origin)
    headline = printable(f"{position}{problem.severity} {_subject(problem)}: {problem.message}")
    return f"{headline}\n    {printable(problem.advice)}" if problem.advice else headline


def as_github(finding: Finding) -> str:
    """Write a finding as a workflow command, which GitHub shows beside the line."""
    problem, origin = finding.problem, finding.origin
    fields = [f"file={_property(origin.file)}", f"line={max(origin.line, 1)}"] if origin else []
    fields.append(f"title={_property(problem.code)}")
    message = _data(f"{_subject(problem)}: {problem.message}\n{problem.advice}".rstrip())
    return f"::{_GITHUB[problem.severity]} {','.join(fields)}::{message}"


def as_json(findings: Sequence[Finding]) -> str:
    """Write all findings as one JSON list."""
    return json.dumps([_plain(finding) for finding in findings], indent=2, ensure_ascii=False)


def summary(findings: Sequence[Finding]) -> str:
    """Return the number of findings of each severity, for the last line."""
    counts = Counter(finding.problem.severity for finding in findings)
    parts = [f"{n} {s}{'' if n == 1 else 's'}" for s in Severity if (n := counts[s])]
    return f"{', '.join(parts)}." if parts else "No problems found."


def _file_origin(of: ObjectRef) -> Origin | None:
    """Return the origin of a file without manifests, such as a template: the file itself."""
    return Origin(file=of.name.name, line=0) if of.kind is Kind.FILE else None


def _subject(problem: Problem) -> str:
    if problem.object.kind is Kind.FILE:
        return "file"
    return f"{problem.object} {problem.field}".rstrip()


def _position(origin: Origin | None) -> str:
    if origin is None:
        return ""
    return f"{origin.file}:{origin.line} " if origin.line else f"{origin.file} "


def _sort_key(origin: Origin | None) -> tuple[str, int]:
    return (origin.file, origin.line) if origin else ("", 0)


def _plain(finding: Finding) -> dict[str, object]:
    problem, origin = finding.problem, finding.origin
    is_file = problem.object.kind is Kind.FILE
    return {
        "file": origin.file if origin else None,
        "line": (origin.line or None) if origin else None,
        "severity": problem.severity,
        "code": problem.code,
        "kind": None if is_file else problem.object.kind,
        "namespace": problem.object.name.namespace or None,
        "name": None if is_file else problem.object.name.name,
        "field": problem.field or None,
        "message": problem.message,
        "hint": problem.advice,
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def written(findings: Sequence[Finding], output: str) -> Iterator[str]:
    """Write the findings in the chosen format."""
    if output == "json":
        yield as_json(findings)
        return
    yield from (as_github(f) if output == "github" else as_text(f) for f in findings)
