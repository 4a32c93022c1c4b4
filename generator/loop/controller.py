"""The loop: snapshot, attempt, wish, answer, and again. Everything else is called from here.

One task notes that the source has changed, one follows the reloader's answers, one
looks at the templates; the worker makes an attempt whenever one of them has news. What
answers teach is worked out in `experience.py`.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from msgspec import Struct
from msgspec.structs import replace

from generator.log_events import Event
from generator.loop import template_choice
from generator.loop.attempt import Attempt, AttemptInputs, AttemptMaker
from generator.loop.debounce import Debounce, spacing_s
from generator.loop.experience import (
    Experience,
    after_applied,
    after_deletions,
    after_giving_up,
    after_refused,
    may_go_on,
)
from generator.loop.log_reporter import LogReporter
from generator.loop.making import make
from generator.loop.pending import PendingWish, PendingWishes
from generator.loop.reporter import Reporter
from generator.loop.template_choice import TemplateChoice
from generator.loop.template_folder import TemplateFolder
from generator.nginx.capabilities import Capabilities
from generator.nginx.errors import TemplateError
from generator.nginx.surroundings import Surroundings
from generator.nginx.template_files import differing
from generator.problems import Problem, Problems
from generator.quarantine.bisection import next_trial
from generator.quarantine.holds import released
from generator.snapshot import Snapshot, Source
from generator.translation import TranslationSettings
from generator.volume.answers import first_status
from reloader.contract import Status, Volume

log = structlog.get_logger()

_RELOADER_PATIENCE_S = 5.0
"""How long to wait for the reloader to say what nginx can do; then the least is assumed."""
_VOLUME_RETRY_S = 1.0
_MEND_S = 1.0
"""Between two looks at what stands on the volume: a stat for each file."""
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 5.0
"""Between tries of what is refused without being any Ingress's fault."""


class LoopSettings(Struct, frozen=True, kw_only=True):
    """What does not change while the controller runs."""

    volume: Volume
    options: TranslationSettings
    surroundings: Surroundings
    """What is known of nginx before the reloader has told."""
    longest_gathering_s: float


class Controller:
    """Runs until cancelled. Holds what the loop has to remember, and nothing else."""

    def __init__(
        self,
        setup: LoopSettings,
        source: Source,
        templates: TemplateFolder,
        reporter: Reporter | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._volume = setup.volume
        self._options = setup.options
        self._surroundings = setup.surroundings
        self._folder = templates
        self._reporter = reporter
        self._now = now
        self._wishes = PendingWishes(setup.volume, now)
        self._debounce = Debounce(setup.longest_gathering_s, now)
        self._maker = AttemptMaker()
        self._telling = LogReporter()
        self._spacing_s = 0.0
        self._news = asyncio.Event()
        self._changed_at: float | None = None
        self._snapshot = Snapshot()
        self._template_problems: Problems = ()
        choice = TemplateChoice(wanted=templates.built_in, good=templates.built_in)
        self._experience = Experience(templates=choice)
        self._last: Attempt | None = None
        """What the newest wish says, unless that was refused."""
        self._trial_is_due = False
        self._ready = False
        self._retry_s = 0.0

    @property
    def ready(self) -> bool:
        """Whether nginx serves a configuration of this process, or one like it.

        Not while the first one lacks Ingresses that are only suspected.
        """
        return self._ready

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._source.run())
            tasks.create_task(self._work())
            if self._reporter:
                tasks.create_task(self._reporter.run())

    async def _work(self) -> None:
        await self._prepare_volume()
        await self._ask_for_capabilities()
        await self._source.ready()
        self._read_templates()
        self._changed_at = self._now()
        self._snapshot = self._source.snapshot()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_changes())
            tasks.create_task(self._follow_answers())
            tasks.create_task(self._follow_templates())
            tasks.create_task(self._mend_volume())
            while True:
                self._attempt()
                await self._news.wait()
                await self._debounce.gather(self._news, self._spacing_s)

    async def _prepare_volume(self) -> None:
        while True:
            try:
                quarantine, known = self._wishes.prepare()
            except OSError as error:
                self._telling.volume(error)
                await asyncio.sleep(_VOLUME_RETRY_S)
            else:
                self._experience = replace(self._experience, quarantine=quarantine, known=known)
                return

    async def _ask_for_capabilities(self) -> None:
        status = await first_status(self._volume, _RELOADER_PATIENCE_S)
        if status and status.nginx_version:
            self._know_nginx(status)

    # --- news ---------------------------------------------------------------------------------

    async def _note_changes(self) -> None:
        while True:
            await self._source.changed()
            before, self._snapshot = self._snapshot, self._source.snapshot()
            self._experience = after_deletions(self._experience, before, self._snapshot)
            self._changed()

    async def _follow_templates(self) -> None:
        while True:
            await self._folder.changed()
            self._read_templates()
            self._changed()

    async def _mend_volume(self) -> None:
        while True:
            await asyncio.sleep(_MEND_S)
            try:
                self._wishes.mend()
            except OSError as error:
                self._telling.volume(error)

    async def _follow_answers(self) -> None:
        async for status, published in self._wishes.follow():
            if status.nginx_version:
                self._know_nginx(status)
            if published is None:
                continue
            self._spacing_s = spacing_s(status.draining / max(1, len(status.started_workers)))
            if status.applied:
                self._applied(status, published)
            elif status.stage == "reload" or self._wishes.is_damaged(status):
                self._failed(status, published)
            else:
                self._refused(status, published)

    def _changed(self) -> None:
        if self._changed_at is None:
            self._changed_at = self._now()
        self._news.set()

    def _know_nginx(self, status: Status) -> None:
        capabilities = Capabilities.of(status.nginx_version, status.nginx_modules)
        if capabilities != self._surroundings.capabilities:
            self._surroundings = replace(self._surroundings, capabilities=capabilities)
            self._changed()

    def _read_templates(self) -> None:
        try:
            templates, self._template_problems = self._folder.read()
        except TemplateError as error:
            self._telling.templates_refused(str(error), ())
            return
        choice = template_choice.newest(self._experience.templates, templates)
        self._experience = replace(self._experience, templates=choice)
        self._telling.templates(templates, self._folder.built_in)

    # --- an attempt ---------------------------------------------------------------------------

    def _attempt(self) -> None:
        """Publish what the newest snapshot comes to, if that is anything new."""
        if self._wishes.trial_is_open:
            return  # what comes now would spoil the proof; it goes with the next
        began = self._now()
        source = self._begin_trial_if_due()
        attempt = self._make(source)
        if attempt is None:
            return
        self._tell_problems(attempt)
        if self._last is not None and attempt.rendering == self._last.rendering:
            self._nothing_new(attempt)
            return
        changed_at = began if self._changed_at is None else self._changed_at
        try:
            self._wishes.publish(attempt, began, changed_at)
        except OSError as error:
            self._telling.volume(error)
            self._try_again_in(_VOLUME_RETRY_S)
            return
        self._telling.volume(None)
        self._changed_at = None
        self._last = attempt

    def _begin_trial_if_due(self) -> Snapshot:
        """Return the snapshot to go by: on trial, nothing is new but those that are tried."""
        experience = self._experience
        quarantine = released(experience.quarantine, self._snapshot)
        serving = experience.serving
        if self._trial_is_due and serving is not None and not self._wishes.are_open:
            quarantine = next_trial(quarantine)
        self._experience = replace(experience, quarantine=quarantine)
        return serving.inputs.source if serving and quarantine.trying else self._snapshot

    def _make(self, source: Snapshot) -> Attempt | None:
        """Make an attempt; None where a bug of ours keeps it from being made."""
        experience = self._experience
        inputs = AttemptInputs(
            source=source,
            quarantine=experience.quarantine,
            known=experience.known,
            options=self._options,
            surroundings=self._surroundings,
            templates=experience.templates.used,
        )
        try:
            self._experience, attempt = make(experience, inputs, self._maker, self._last)
        except Exception as error:  # noqa: BLE001 - a bulkhead holds whatever comes
            self._telling.bug(error)
            return None
        return attempt

    def _nothing_new(self, attempt: Attempt) -> None:
        """Take Ingresses into account that add no text, such as one whose paths are all taken."""
        self._changed_at = None
        if self._wishes.are_open:
            self._wishes.amend(attempt)
        else:
            self._is_served(attempt)

    def _tell_problems(self, attempt: Attempt) -> None:
        problems = self._problems(attempt)
        self._telling.problems(problems, attempt.inputs.source.origins)
        self._telling.traces(attempt.translation.traces)
        if self._reporter:
            held = attempt.inputs.quarantine.held.values()
            self._reporter.tell(
                problems, (*attempt.translation.ingresses, *(h.refused for h in held))
            )

    def _problems(self, attempt: Attempt) -> tuple[Problem, ...]:
        return (
            *attempt.translation.problems,
            *attempt.inputs.quarantine.problems(),
            *self._template_problems,
        )

    # --- an answer ----------------------------------------------------------------------------

    def _applied(self, status: Status, published: PendingWish) -> None:
        attempt = published.attempt
        problems = len(self._problems(attempt))
        self._telling.applied(status, published, problems, self._now())
        self._retry_s = 0.0
        self._sweep(status.generation)
        self._is_served(attempt)

    def _is_served(self, attempt: Attempt) -> None:
        was_trial = bool(attempt.inputs.quarantine.trying)
        learned = after_applied(self._experience, attempt)
        self._experience = after_deletions(learned, attempt.inputs.source, self._snapshot)
        self._trial_is_due = not was_trial or self._snapshot is attempt.inputs.source
        self._tell_what_was_learned("")
        self._ready |= not self._experience.quarantine.searching
        if self._reporter:
            self._reporter.publish(attempt.translation.ingresses)
        self._wishes.keep(lambda: self._experience.known, self._telling.volume)
        if (
            was_trial
            or self._experience.quarantine.searching
            or self._experience.templates.used != attempt.inputs.templates
        ):
            self._changed()

    def _sweep(self, generation: int) -> None:
        try:
            self._wishes.sweep(generation)
        except OSError as error:
            self._telling.volume(error)

    def _failed(self, status: Status, published: PendingWish) -> None:
        """Try again what could not be served for want of something outside of it."""
        log.warning(Event.CONFIG_FAILED, generation=status.generation, message=status.message)
        self._take_back(published)
        self._try_later()

    def _refused(self, status: Status, published: PendingWish) -> None:
        log.warning(
            Event.CONFIG_REFUSED,
            generation=status.generation,
            message=status.message,
            line=status.line,
        )
        self._take_back(published)
        attempt = published.attempt
        learned = after_refused(self._experience, attempt, status)
        self._trial_is_due = (
            learned is not None
            and bool(attempt.inputs.quarantine.trying)
            and may_go_on(self._experience, learned)
            and self._is_up_to_date()
        )
        if learned is None:
            log.error(Event.CONFIG_REFUSED_WITHOUT_CULPRIT, message=status.message)
            self._experience = after_giving_up(self._experience)
            self._try_later()
            return
        self._experience = learned
        self._tell_what_was_learned(status.message)
        self._changed()

    def _take_back(self, published: PendingWish) -> None:
        """Have the same text be a new wish, and its change as old as it is."""
        if not self._wishes.are_open:
            self._last = None
            self._changed_at = published.changed_at

    def _is_up_to_date(self) -> bool:
        serving = self._experience.serving
        return serving is not None and self._snapshot is serving.inputs.source

    def _tell_what_was_learned(self, message: str) -> None:
        choice = self._experience.templates
        own = differing(choice.wanted, self._folder.built_in)
        self._telling.templates_refused(choice.refused, own)
        self._telling.search(frozenset(self._experience.quarantine.suspended), message)

    def _try_later(self) -> None:
        """Try the same again, unless there is something newer before."""
        self._retry_s = min(max(_FIRST_RETRY_S, 2 * self._retry_s), _LONGEST_RETRY_S)
        self._try_again_in(self._retry_s)

    def _try_again_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._news.set)
