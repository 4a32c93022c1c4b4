"""The loop's I/O and its tasks; what is decided stands in `transitions`.

An attempt is made whenever there is news and it is time. Three tasks bring news: one
follows the source, one the reloader's answers, one the templates' folder. One looks at
the dates of certificates. Two look after the volume: one repairs what others do to it,
one keeps what is good. Beside them run the source and the reporter to the cluster. The
pause before a retry (`pacing`) is a timer that ends by itself.

Whatever may be long (building, rendering, hashing, writing) runs in a thread of its own,
one piece after another (`worker`). It works on frozen values, and on memos that nothing
else touches. News waits until the attempt at hand is on the volume (`_deciding`), so
that it is decided by one state after another, as if there were no thread. Problems are
told by another thread (`problem_telling`), which nothing waits for.
"""

import asyncio
import dataclasses
import datetime as dt
import errno
import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from generator.loop import transitions
from generator.loop.attempt import Attempt, AttemptMaker
from generator.loop.log_reporter import LogReporter
from generator.loop.pacing import Pacing
from generator.loop.problem_telling import ProblemState, ProblemTelling
from generator.loop.reporter import Reporter
from generator.loop.state import PendingWish, State
from generator.loop.template_folder import TemplateFolder
from generator.loop.transitions import Do, Step
from generator.loop.wishes import Wishes
from generator.loop.worker import Worker
from generator.nginx.capabilities import Capabilities
from generator.nginx.errors import TemplateError
from generator.nginx.surroundings import Surroundings
from generator.nginx.template_files import differing
from generator.problems import Problems
from generator.snapshot import Source
from generator.translation import LastGood, TranslationSettings, out_of_date
from reloader.contract import Status, Volume

_VOLUME_RETRY_S = 1.0
_CLOCK_S = 600.0
"""Between two looks at whether something has been held for long."""
_DATES_S = 60.0
"""Between two looks at the dates of certificates."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LONGEST_SHED_S = 300.0
"""Between two tries of what was shed, where room that there seems to be is none."""
_REPAIR_S = 1.0
"""Between two looks at what stands on the volume: a stat for each file."""


class LoopSettings(Struct, frozen=True, kw_only=True):
    """What does not change while the controller runs."""

    volume: Volume
    translation: TranslationSettings
    surroundings: Surroundings
    """What is known of nginx before the reloader has reported it."""
    longest_gathering_s: float
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    """The time of day, which certificates go by, and how long something is held."""
    dates_s: float = _DATES_S


class Controller:
    """Runs until cancelled."""

    def __init__(
        self,
        settings: LoopSettings,
        source: Source,
        templates: TemplateFolder,
        reporter: Reporter | None,
        maker: AttemptMaker | None = None,
    ) -> None:
        self._clock = settings.clock
        self._dates_s = settings.dates_s
        self._reported: tuple[Attempt, Problems] | None = None
        self._translation = settings.translation
        self._source = source
        self._folder = templates
        self._reporter = reporter
        self._log = LogReporter()
        self._telling = ProblemTelling(self._log)
        self._worker = Worker()
        self._deciding = asyncio.Lock()
        self._wishes = Wishes(settings.volume, self._worker, self._log.volume)
        self._pacing = Pacing(settings.longest_gathering_s, time.monotonic)
        self._maker = maker or AttemptMaker()
        self._endpoints_known = 0
        self._endpoints_due: PendingWish | None = None
        self._state = State.first(
            settings.surroundings, templates.built_in, settings.translation.config_map
        )

    @property
    def ready(self) -> bool:
        """Whether nginx has served what this process makes, at a time without suspects."""
        return self._state.ready

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._source.run())
            tasks.create_task(self._work())
            tasks.create_task(self._telling.run())
            if self._reporter:
                tasks.create_task(self._reporter.run())

    async def _work(self) -> None:
        await self._prepare_volume()
        if status := await self._wishes.first_status():
            self._note_capabilities(status)
        await self._source.ready()
        self._read_templates()
        self._pacing.wait_since(time.monotonic())
        self._read_source()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_source())
            tasks.create_task(self._follow_answers())
            tasks.create_task(self._follow_checks())
            tasks.create_task(self._follow_templates())
            tasks.create_task(self._follow_clock())
            tasks.create_task(self._follow_dates())
            tasks.create_task(self._repair_volume())
            tasks.create_task(self._watch_room())
            tasks.create_task(self._wishes.keep_for_good(self._known_good))
            while True:
                async with self._deciding:
                    if not self._state.trial_is_pending:
                        await self._attempt()
                await self._pacing.due()

    async def _prepare_volume(self) -> None:
        while True:
            try:
                recalled = await self._wishes.prepare()
            except OSError as error:
                self._log.volume(error)
                await asyncio.sleep(_VOLUME_RETRY_S)
            else:
                self._state = replace(
                    self._state,
                    quarantine=recalled.quarantine,
                    last_good=recalled.last_good,
                    has_been_whole=recalled.has_been_whole,
                )
                return

    def _known_good(self) -> tuple[LastGood, bool]:
        return self._state.last_good, self._state.has_been_whole

    # --- news ---------------------------------------------------------------------------------

    async def _follow_source(self) -> None:
        while True:
            await self._source.changed()
            async with self._deciding:
                self._go_on(self._read_source())

    async def _follow_templates(self) -> None:
        while True:
            await self._folder.changed()
            async with self._deciding:
                self._go_on(self._read_templates())

    async def _follow_answers(self) -> None:
        async for status in self._wishes.answers():
            async with self._deciding:
                await self._take_answer(status)

    async def _follow_checks(self) -> None:
        async for status in self._wishes.checked():
            async with self._deciding:
                await self._take_check(status)

    async def _follow_clock(self) -> None:
        while True:
            await asyncio.sleep(_CLOCK_S)
            async with self._deciding:
                self._go_on(self._take(transitions.after_clock(self._state, self._now_s())))

    async def _take_check(self, status: Status) -> None:
        if status.stage == "check" and await self._wishes.is_damaged(status):
            status = dataclasses.replace(status, stage="blocked")
        do = self._take(transitions.after_checked(self._state, status))
        self._report_lessons(status.message)
        if do is Do.ATTEMPT:
            self._pacing.go_on()
        else:
            self._go_on(do)

    async def _take_answer(self, status: Status) -> None:
        self._go_on(self._note_capabilities(status))
        self._note_endpoints(status)
        if wish := self._state.pending.get(status.generation):
            self._pacing.draining(status.draining / max(1, len(status.started_workers)))
            self._go_on(await self._answered(status, wish))

    async def _follow_dates(self) -> None:
        """Report certificates whose day has come, though nothing was changed."""
        while True:
            await asyncio.sleep(self._dates_s)
            if self._reported:
                attempt, dates = self._reported
                if self._dates(attempt) != dates:
                    self._report_problems(attempt)

    async def _repair_volume(self) -> None:
        while True:
            await asyncio.sleep(_REPAIR_S)
            await self._wishes.repair()

    async def _watch_room(self) -> None:
        """Shed what the reloader has no room to copy; take back what was shed once it has."""
        short, pause = 0, _REPAIR_S
        while True:
            is_waiting = self._state.shed and not self._state.pending
            await asyncio.sleep(pause if is_waiting else _REPAIR_S)
            free, is_copied = await self._wishes.room()
            async with self._deciding:
                newest = max(self._state.pending, default=0)
                is_short = not is_copied and transitions.lacks_room(self._state, free)
                if is_short and short == newest and self._state.newest:
                    self._go_on(self._take(transitions.after_full(self._state, self._state.newest)))
                short = newest if is_short else 0
                do = self._take(transitions.after_room(self._state, free))
                self._go_on(do)
            pause = min(2 * pause, _LONGEST_SHED_S) if do is Do.ATTEMPT else pause
            if not self._state.shed and not self._state.pending and do is not Do.ATTEMPT:
                pause = _REPAIR_S

    def _read_source(self) -> Do:
        return self._take(transitions.after_change(self._state, self._source.snapshot()))

    def _read_templates(self) -> Do:
        try:
            templates, problems = self._folder.read()
        except TemplateError as error:
            self._log.templates_refused(str(error), ())
            return Do.WAIT
        self._log.templates(templates, self._folder.built_in)
        return self._take(transitions.after_templates(self._state, templates, problems))

    def _note_capabilities(self, status: Status) -> Do:
        if not status.nginx_version:
            return Do.WAIT
        capabilities = Capabilities.of(
            status.nginx_version,
            status.nginx_modules,
            lua=status.lua,
            lua_modules=status.lua_modules,
        )
        step = transitions.after_capabilities(
            self._state, capabilities, can_check=status.takes_checks
        )
        return self._take(step)

    def _take(self, step: Step) -> Do:
        self._state, do = step
        return do

    def _go_on(self, do: Do) -> None:
        if do is Do.ATTEMPT:
            self._pacing.changed()
        elif do is Do.RETRY:
            self._pacing.retry()

    # --- an attempt ---------------------------------------------------------------------------

    async def _attempt(self) -> None:
        changed_at, began = self._pacing.waiting_since(), time.monotonic()
        try:
            self._state, attempt = await self._worker.run(self._next_attempt)
        except Exception as error:  # noqa: BLE001 - a bulkhead holds whatever comes
            self._log.bug(error)
            return
        do = self._take(transitions.after_attempt(self._state, attempt))
        if do is Do.CHECK:
            await self._check(attempt)
            return
        self._report_problems(attempt)
        try:
            version = await self._wishes.publish_endpoints(attempt)
        except OSError as error:
            self._volume_failed(error)
            return
        if do is Do.PUBLISH:
            self._endpoints_known = version or 0  # they are served when the wish is
            await self._publish(attempt, changed_at, began)
            return
        self._pacing.settled()
        if version:
            wish = PendingWish.of(attempt, changed_at, began, time.monotonic())
            self._expect_endpoints(version, wish)
        if self._state.serving is attempt:
            self._report_served(attempt)
        self._go_on(do)

    def _expect_endpoints(self, version: int, change: PendingWish) -> None:
        """Wait for endpoints that no wish comes with, and measure it from the oldest of them."""
        if version <= self._endpoints_known:
            return
        if self._endpoints_due is None:
            self._endpoints_due = change
        self._endpoints_known = version
        self._wishes.expect_endpoints(version)

    def _note_endpoints(self, status: Status) -> None:
        if self._endpoints_due is None or status.endpoints < self._endpoints_known:
            return
        self._log.endpoints(status.endpoints, self._endpoints_due, time.monotonic())
        self._endpoints_due = None

    def _volume_failed(self, error: OSError) -> None:
        self._log.volume(error)
        self._pacing.retry_in(_VOLUME_RETRY_S)

    def _next_attempt(self) -> tuple[State, Attempt]:
        state = replace(self._state, now=self._now_s())
        return transitions.next_attempt(state, self._translation, self._maker)

    async def _publish(self, attempt: Attempt, changed_at: float, began: float) -> None:
        try:
            generation = await self._wishes.publish(attempt)
        except OSError as error:
            if error.errno in _FULL:
                self._go_on(self._take(transitions.after_full(self._state, attempt)))
            self._volume_failed(error)
            return
        self._log.volume(None)
        self._pacing.settled()
        wish = PendingWish.of(attempt, changed_at, began, time.monotonic())
        self._take(transitions.after_published(self._state, generation, wish))

    async def _check(self, attempt: Attempt) -> None:
        try:
            await self._wishes.check(attempt)
        except OSError as error:
            self._log.volume(error)
            if self._take(transitions.after_unchecked(self._state)) is Do.ATTEMPT:
                self._pacing.go_on()
            else:
                self._pacing.retry_in(_VOLUME_RETRY_S)
            return
        self._log.volume(None)
        self._take(transitions.after_check_published(self._state, attempt))

    def _now_s(self) -> float:
        return self._clock().timestamp()

    def _dates(self, attempt: Attempt) -> Problems:
        return out_of_date(attempt.translation.dated, self._clock())

    def _report_problems(self, attempt: Attempt) -> None:
        dates = self._dates(attempt)
        self._reported = attempt, dates
        problems = self._state.problems(attempt) + dates
        self._telling.note(
            ProblemState(problems, attempt.inputs.snapshot.origins, attempt.translation.traces)
        )
        if self._reporter:
            held = attempt.inputs.quarantine.held.values()
            ingresses = (*attempt.translation.ingresses, *(hold.refused for hold in held))
            self._reporter.note_problems(problems, ingresses)

    # --- an answer ----------------------------------------------------------------------------

    async def _answered(self, status: Status, wish: PendingWish) -> Do:
        if status.applied:
            return await self._applied(status, wish)
        if status.stage != "check" or await self._wishes.is_damaged(status):
            self._log.failed(status)
            do = self._take(transitions.after_failed(self._state, status.generation))
        else:
            do = self._refused(status)
        if not self._state.pending:
            self._pacing.wait_since(wish.changed_at)
        return do

    async def _applied(self, status: Status, wish: PendingWish) -> Do:
        problems = len(self._state.problems(wish.attempt)) + len(self._dates(wish.attempt))
        self._log.applied(status, wish, problems, time.monotonic())
        self._pacing.applied()
        await self._wishes.sweep(status.generation)
        do = self._take(transitions.after_applied(self._state, status.generation))
        if not self._state.pending:
            self._wishes.settle_endpoints(wish.attempt)
        self._report_served(wish.attempt)
        return do

    def _refused(self, status: Status) -> Do:
        self._log.refused(status)
        do = self._take(transitions.after_refused(self._state, status))
        if do is Do.RETRY:
            self._log.refused_without_culprit(status)
        else:
            self._report_lessons(status.message)
        return do

    def _report_served(self, attempt: Attempt) -> None:
        self._report_lessons("")
        if self._reporter:
            self._reporter.publish(attempt.translation.ingresses)
        self._wishes.keep()

    def _report_lessons(self, message: str) -> None:
        choice = self._state.admin
        custom = differing(choice.wanted.templates, self._folder.built_in)
        self._log.templates_refused(choice.refused_templates, custom)
        self._log.search(frozenset(self._state.quarantine.suspended), message)
