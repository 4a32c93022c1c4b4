"""Reports to the log: a problem once when it appears, and once when it is gone."""

from collections.abc import Iterable, Iterator, Mapping

import structlog

from generator.log_events import Event
from generator.loop.state import PendingWish
from generator.nginx.jinja import TemplateSet
from generator.nginx.template_files import differing
from generator.objects import Name, ObjectRef
from generator.problems import Code, Problem, Severity
from generator.snapshot import Origin
from reloader.contract import Status

log = structlog.get_logger()

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}

_MOST_OF_A_KIND = 10
"""Lines that problems of one code of one object take, and suspects that a line names: one edit
may cause thousands."""


class LogReporter:
    """Remembers what it has logged, so that a state that lasts is not logged again."""

    def __init__(self) -> None:
        self._problems: frozenset[Problem] = frozenset()
        self._volume = ""
        self._templates = ""
        self._suspects = frozenset[Name]()
        self._traces = frozenset[str]()

    def problems(self, problems: Iterable[Problem], origins: Mapping[ObjectRef, Origin]) -> None:
        """Log those that are new, and those that are gone."""
        now = frozenset(problems)
        if now == self._problems:
            return
        for problem, more in _first_of_each_kind(now - self._problems):
            getattr(log, _LEVELS[problem.severity])(
                Event.PROBLEM_FOUND, **_fields(problem, origins), hint=problem.advice, **more
            )
        for problem, more in _first_of_each_kind(self._problems - now):
            log.info(Event.PROBLEM_SOLVED, **_fields(problem, origins), **more)
        self._problems = now

    def applied(self, status: Status, wish: PendingWish, problems: int, now: float) -> None:
        """Log that nginx serves a wish, and how long each stage took."""
        translation = wish.attempt.translation
        stages = {**wish.durations, **status.durations}
        log.info(
            Event.CONFIG_APPLIED,
            generation=status.generation,
            hash=status.hash,
            ingresses=len(translation.ingresses),
            servers=len(translation.model.servers),
            upstreams=len(translation.model.upstreams),
            without_reload=len(wish.attempt.rendering.endpoints),
            problems=problems,
            **{f"{stage}_ms": round(ms, 1) for stage, ms in stages.items()},
            total_ms=round((now - wish.changed_at) * 1000, 1),
        )

    def endpoints(self, version: int, change: PendingWish, now: float) -> None:
        """Log that nginx has endpoints, without a reload, and how long each stage took."""
        log.info(
            Event.ENDPOINTS_APPLIED,
            version=version,
            **{f"{stage}_ms": round(ms, 1) for stage, ms in change.durations.items()},
            total_ms=round((now - change.changed_at) * 1000, 1),
        )

    def failed(self, status: Status) -> None:
        """Log that a wish is not served for a reason outside of it."""
        log.warning(Event.CONFIG_FAILED, generation=status.generation, message=status.message)

    def refused(self, status: Status) -> None:
        """Log that nginx refuses a wish."""
        log.warning(
            Event.CONFIG_REFUSED,
            generation=status.generation,
            message=status.message,
            line=status.line,
        )

    def refused_without_culprit(self, status: Status) -> None:
        """Log that nothing in a refused wish is at fault."""
        log.error(Event.CONFIG_REFUSED_WITHOUT_CULPRIT, message=status.message)

    def volume(self, error: OSError | None) -> None:
        """Log that the volume can't be written, once for each reason; None: it can."""
        reason = f"{error.filename or 'volume'}: {error.strerror}" if error else ""
        if reason and reason != self._volume:
            log.error(Event.CONFIG_WRITE_FAILED, message=reason)
        self._volume = reason

    def templates(self, templates: TemplateSet, built_in: TemplateSet) -> None:
        """Log which templates are not the built-in ones."""
        if custom := differing(templates, built_in):
            log.info(Event.TEMPLATES_LOADED, templates=custom)

    def templates_refused(self, refused: str, custom: Iterable[str]) -> None:
        """Log that templates are not used until they change, once for each reason."""
        if refused and refused != self._templates:
            names = ", ".join(custom)
            log.error(Event.TEMPLATES_REFUSED, message=refused, templates=names)
        self._templates = refused

    def bug(self, error: Exception) -> None:
        """Log in one line that no configuration can be made, and where at level debug."""
        log.error(Event.CONFIG_BUILD_FAILED, message=str(error) or repr(error))
        log.debug(Event.CONFIG_BUILD_FAILED, exc_info=error)

    def traces(self, traces: tuple[str, ...]) -> None:
        """Log at level debug where the bugs are that problems report, once each."""
        for trace in sorted({*traces} - self._traces):
            log.debug(Event.PROBLEM_FOUND, trace=trace)
        self._traces = frozenset(traces)

    def search(self, suspects: frozenset[Name], message: str) -> None:
        """Log that culprits are searched, once for each search that is not part of another."""
        if suspects - self._suspects:
            first = sorted(map(str, suspects))[:_MOST_OF_A_KIND]
            more = {"more": len(suspects) - len(first)} if len(suspects) > len(first) else {}
            log.warning(Event.CONFIG_BISECTING, suspects=first, **more, message=message)
        self._suspects = suspects


def _first_of_each_kind(
    problems: Iterable[Problem],
) -> Iterator[tuple[Problem, Mapping[str, int]]]:
    """Return problems in order; of very many of one object and code the first ones.

    The last of these comes with how many `more` there are.
    """
    groups: dict[tuple[ObjectRef, Code], list[Problem]] = {}
    for problem in sorted(problems):
        groups.setdefault((problem.object, problem.code), []).append(problem)
    last = {g[_MOST_OF_A_KIND - 1]: len(g) for g in groups.values() if len(g) > _MOST_OF_A_KIND}
    for problem in sorted(p for group in groups.values() for p in group[:_MOST_OF_A_KIND]):
        more = last.get(problem, 0) - _MOST_OF_A_KIND
        yield problem, {"more": more} if more > 0 else {}


def _fields(problem: Problem, origins: Mapping[ObjectRef, Origin]) -> dict[str, object]:
    origin = origins.get(problem.object)
    place = {"file": origin.file, "line": origin.line} if origin else {}
    return {
        "code": problem.code,
        "kind": problem.object.kind,
        "object": str(problem.object.name),
        "field": problem.field,
        "message": problem.message,
        **place,
    }
