"""The loop: snapshot, attempt, wish, answer, and again. Everything else is called from here.

One task notes that the source has changed, one follows the reloader's answers, one
looks at the templates; the worker makes an attempt whenever one of them has news.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from generator.answers import Answers, first_status
from generator.attempt import Attempt, Maker
from generator.blame import blame
from generator.build import Options
from generator.debounce import Debounce, spacing_s
from generator.events import Event
from generator.nginx.environment import Capabilities, Environment
from generator.nginx.errors import TemplateError, Unwritable
from generator.nginx.overlay import differing
from generator.nginx.templates import TemplateSet
from generator.objects import Ingress, Name
from generator.problems import Problem, Problems
from generator.publish import Publisher
from generator.quarantine import (
    Quarantine,
    after_applied,
    after_refused_trial,
    decode,
    encode,
    hold,
    released,
    suspend,
)
from generator.snapshot import Snapshot, Source
from generator.telling import Telling
from generator.template_folder import TemplateFolder
from reloader.contract import Status, Volume, Wish

log = structlog.get_logger()

_RELOADER_PATIENCE_S = 5.0
"""How long to wait for the reloader to say what nginx can do; then the least is assumed."""
_VOLUME_RETRY_S = 1.0


class Reporter(Protocol):
    """Tells the cluster what became of its Ingresses."""

    def publish(self, served: Iterable[Ingress]) -> None:
        """Take note that these are served now, and no others are ours. Returns at once."""

    async def run(self) -> None:
        """Tell it, and keep telling until cancelled."""


class Setup(Struct, frozen=True, kw_only=True):
    """What does not change while the controller runs."""

    volume: Volume
    options: Options
    environment: Environment
    """What is known of nginx before the reloader has told."""
    longest_gathering_s: float


class _Published(Struct, frozen=True):
    """A wish that has no answer yet."""

    attempt: Attempt
    changed_at: float
    durations: Mapping[str, float]


class Controller:
    """Runs until cancelled. Holds what the loop has to remember, and nothing else."""

    def __init__(
        self,
        setup: Setup,
        source: Source,
        templates: TemplateFolder,
        reporter: Reporter | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._volume = setup.volume
        self._options = setup.options
        self._environment = setup.environment
        self._folder = templates
        self._reporter = reporter
        self._now = now
        self._publisher = Publisher(setup.volume)
        self._answers = Answers(setup.volume)
        self._debounce = Debounce(setup.longest_gathering_s, now)
        self._maker = Maker()
        self._telling = Telling()
        self._spacing_s = 0.0
        self._news = asyncio.Event()
        self._changed_at: float | None = None
        self._snapshot = Snapshot()
        self._templates = templates.built_in
        self._template_problems: Problems = ()
        self._quarantine = Quarantine()
        self._published: dict[int, _Published] = {}
        self._last: Attempt | None = None
        self._serving: Attempt | None = None

    @property
    def ready(self) -> bool:
        """Whether nginx serves a configuration of this process, or one like it."""
        return self._serving is not None

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
            while True:
                self._attempt()
                await self._news.wait()
                await self._debounce.gather(self._news, self._spacing_s)

    async def _prepare_volume(self) -> None:
        while True:
            try:
                self._publisher.prepare()
                self._quarantine = decode(self._publisher.recall())
            except OSError as error:
                self._telling.volume(error)
                await asyncio.sleep(_VOLUME_RETRY_S)
            else:
                return

    async def _ask_for_capabilities(self) -> None:
        status = await first_status(self._volume, _RELOADER_PATIENCE_S)
        if status and status.nginx_version:
            self._know_nginx(status)

    # --- news ---------------------------------------------------------------------------------

    async def _note_changes(self) -> None:
        while True:
            await self._source.changed()
            self._snapshot = self._source.snapshot()
            self._changed()

    async def _follow_templates(self) -> None:
        while True:
            await self._folder.changed()
            self._read_templates()
            self._changed()

    async def _follow_answers(self) -> None:
        async for status in self._answers.follow():
            if status.nginx_version:
                self._know_nginx(status)
            published = self._published.get(status.generation)
            if published is None:
                continue
            self._published = {g: p for g, p in self._published.items() if g > status.generation}
            self._spacing_s = spacing_s(status.draining / max(1, len(status.started_workers)))
            if status.applied:
                self._applied(status, published)
            else:
                self._refused(status, published)

    def _changed(self) -> None:
        if self._changed_at is None:
            self._changed_at = self._now()
        self._news.set()

    def _know_nginx(self, status: Status) -> None:
        capabilities = Capabilities.of(status.nginx_version, status.nginx_modules)
        if capabilities != self._environment.capabilities:
            self._environment = replace(self._environment, capabilities=capabilities)
            self._changed()

    def _read_templates(self) -> None:
        try:
            self._templates, self._template_problems = self._folder.read()
        except TemplateError as error:
            self._refuse_templates(str(error))
        else:
            self._telling.templates(self._templates, self._folder.built_in)

    def _refuse_templates(self, message: str) -> None:
        """Go back to the templates that nginx serves, or to the built-in ones."""
        self._templates = self._serving.templates if self._serving else self._folder.built_in
        log.error(Event.TEMPLATES_REFUSED, message=message)

    # --- an attempt ---------------------------------------------------------------------------

    def _attempt(self) -> None:
        """Publish what the newest snapshot comes to, if that is anything new."""
        began = self._now()
        self._quarantine = released(self._quarantine, self._snapshot)
        attempt = self._make()
        self._telling.problems(self._problems(attempt), self._snapshot.origins)
        if self._last is not None and attempt.rendering == self._last.rendering:
            self._nothing_new(attempt)
            return
        try:
            wish = self._adopt(attempt) or self._publish(attempt)
        except OSError as error:
            self._telling.volume(error)
            asyncio.get_running_loop().call_later(_VOLUME_RETRY_S, self._news.set)
            return
        self._telling.volume(None)
        changed_at = began if self._changed_at is None else self._changed_at
        self._changed_at = None
        durations = {
            "gather": (began - changed_at) * 1000,
            **attempt.durations,
            "publish": (self._now() - began) * 1000 - sum(attempt.durations.values()),
        }
        self._published[wish.generation] = _Published(attempt, changed_at, durations)
        self._last = attempt
        self._answers.expect(wish.generation)

    def _make(self) -> Attempt:
        """Make an attempt; what can't be written is held, templates that fail are left."""
        while True:
            try:
                return self._maker.make(
                    self._snapshot,
                    self._quarantine,
                    self._options,
                    self._environment,
                    self._templates,
                )
            except TemplateError as error:
                self._refuse_templates(str(error))
            except Unwritable as error:
                self._hold_unwritable(error)

    def _hold_unwritable(self, error: Unwritable) -> None:
        if error.owner is None or error.owner.name not in self._snapshot.ingresses:
            raise error
        culprit = self._snapshot.ingresses[error.owner.name]
        good = self._good_versions().get(culprit.name)
        self._quarantine = hold(self._quarantine, culprit, good, str(error))

    def _publish(self, attempt: Attempt) -> Wish:
        generation = self._publisher.next_generation()
        wish = Wish.of(generation, attempt.rendering.body(generation))
        self._publisher.remember(encode(self._quarantine))
        self._publisher.publish(wish, attempt.build.model.files())
        log.debug(Event.CONFIG_PUBLISHED, generation=generation)
        return wish

    def _adopt(self, attempt: Attempt) -> Wish | None:
        """Take over the wish on the volume where it says the same: a restart changes nothing."""
        wish = self._publisher.last
        if self._last is not None or wish is None:
            return None
        if attempt.rendering.body(wish.generation) != wish.body:
            return None
        self._publisher.publish(wish, attempt.build.model.files())
        return wish

    def _nothing_new(self, attempt: Attempt) -> None:
        """Take Ingresses into account that add no text, such as one whose paths are all taken."""
        self._changed_at = None
        if self._published:
            newest = max(self._published)
            self._published[newest] = replace(self._published[newest], attempt=attempt)
            return
        self._serving = attempt
        self._report(attempt)

    def _problems(self, attempt: Attempt) -> tuple[Problem, ...]:
        return (
            *attempt.build.problems,
            *self._quarantine.problems(),
            *self._template_problems,
        )

    # --- an answer ----------------------------------------------------------------------------

    def _applied(self, status: Status, published: _Published) -> None:
        attempt = self._serving = published.attempt
        stages = {**published.durations, **status.durations}
        log.info(
            Event.CONFIG_APPLIED,
            generation=status.generation,
            hash=status.hash,
            ingresses=len(attempt.build.ingresses),
            servers=len(attempt.build.model.servers),
            upstreams=len(attempt.build.model.upstreams),
            problems=len(self._problems(attempt)),
            **{f"{stage}_ms": round(ms, 1) for stage, ms in stages.items()},
            total_ms=round((self._now() - published.changed_at) * 1000, 1),
        )
        self._sweep(status.generation)
        self._report(attempt)
        quarantine = after_applied(self._quarantine)
        if quarantine is not self._quarantine:
            self._quarantine = quarantine
            self._changed()

    def _sweep(self, generation: int) -> None:
        try:
            self._publisher.sweep(generation)
        except OSError as error:
            self._telling.volume(error)

    def _report(self, attempt: Attempt) -> None:
        if self._reporter:
            self._reporter.publish(attempt.build.ingresses)

    def _refused(self, status: Status, published: _Published) -> None:
        log.warning(
            Event.CONFIG_REFUSED,
            generation=status.generation,
            message=status.message,
            line=status.line,
        )
        if self._published:
            return
        attempt = published.attempt
        if self._serves_other_templates(attempt.templates):
            names = ", ".join(differing(attempt.templates, self._folder.built_in))
            self._refuse_templates(f"nginx refuses what {names} gives: {status.message}")
        else:
            self._quarantine = self._blamed(blame(status, attempt), status, attempt)
        self._changed()

    def _serves_other_templates(self, templates: TemplateSet) -> bool:
        """Whether it may be the templates' fault: others are known, or at least expected, to do."""
        good = self._serving.templates if self._serving else self._folder.built_in
        return templates is not good and self._templates is templates

    def _blamed(
        self, culprits: tuple[Ingress, ...], status: Status, attempt: Attempt
    ) -> Quarantine:
        """Hold the culprits; without any, search among what changed."""
        good = self._good_versions()
        quarantine = self._quarantine
        if culprits:
            for culprit in culprits:
                quarantine = hold(quarantine, culprit, good.get(culprit.name), status.message)
            return quarantine
        if quarantine.trying:
            return after_refused_trial(quarantine)
        suspects = attempt.changed_since(self._serving)
        return suspend(quarantine, suspects, good, status.message)

    def _good_versions(self) -> Mapping[Name, Ingress]:
        """Give the versions of Ingresses that nginx is known to take."""
        if self._serving is None:
            return {}
        return {ingress.name: ingress for ingress in self._serving.build.ingresses}
