"""All that the loop decides by, as one value that `transitions` make anew."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from msgspec import Struct

from generator import problems
from generator.loop.admin_choice import AdminChoice, AdminInputs
from generator.loop.attempt import Attempt
from generator.loop.room import Shed
from generator.nginx.jinja import TemplateSet
from generator.nginx.surroundings import Surroundings
from generator.objects import Kind, Name, ObjectRef
from generator.problems import Code, Problems
from generator.quarantine.holds import Quarantine
from generator.snapshot import Snapshot
from generator.translation import LastGood


class PendingWish(Struct, frozen=True, kw_only=True):
    """A wish on the volume that has no answer yet."""

    attempt: Attempt
    changed_at: float = 0.0
    """When the oldest change came that this wish is the first to have."""
    durations: Mapping[str, float] = MappingProxyType({})
    """Milliseconds of each stage before nginx's check."""

    @classmethod
    def of(cls, attempt: Attempt, changed_at: float, began: float, now: float) -> Self:
        """Return the wish of an attempt that was begun then, and is published now."""
        gather_ms = (began - changed_at) * 1000
        publish_ms = (now - began) * 1000 - sum(attempt.durations.values())
        durations = {"gather": gather_ms, **attempt.durations, "publish": publish_ms}
        return cls(attempt=attempt, changed_at=changed_at, durations=durations)


class State(Struct, frozen=True, kw_only=True):
    """What there is to serve, what was wished for, and what nginx's answers taught."""

    surroundings: Surroundings
    """With the capabilities of nginx once the reloader has reported them."""
    admin: AdminChoice
    config_map: Name | None = None
    """Where the options are; None: nowhere, every option has its default."""
    template_problems: Problems = ()
    snapshot: Snapshot = Snapshot()
    """The newest."""

    quarantine: Quarantine = Quarantine()
    last_good: LastGood = LastGood()
    shed: Shed = MappingProxyType({})
    """Ingresses that the volume has no room for, as they were then."""

    newest: Attempt | None = None
    """What the newest wish says; None before the first, and once that was refused."""
    pending: Mapping[int, PendingWish] = MappingProxyType({})
    """By their generation."""
    serving: Attempt | None = None
    """What nginx serves; None while this process does not know."""
    checking: Attempt | None = None
    """What was given to the reloader only to be checked, and has no answer yet."""
    can_check: bool = False
    """Whether the reloader does such checks."""
    now: float = 0.0
    """When the newest event came, in seconds since the epoch."""
    has_been_whole: bool = False
    """Whether this volume has held a configuration that lacks nothing by suspicion."""
    trial_is_due: bool = False
    """Whether the next attempt may be a trial."""
    ready: bool = False
    """Whether nginx has served what this process makes, at a time without suspects."""

    @classmethod
    def first(
        cls, surroundings: Surroundings, built_in: TemplateSet, config_map: Name | None
    ) -> Self:
        """Return the state before anything was read."""
        known = AdminInputs(templates=built_in, options={})
        admin = AdminChoice(wanted=known, good=known)
        return cls(surroundings=surroundings, admin=admin, config_map=config_map)

    @property
    def trial_is_pending(self) -> bool:
        """Whether a trial waits for its answer."""
        trials = (wish.attempt.is_trial for wish in self.pending.values())
        return self.checking is not None or any(trials)

    def problems(self, attempt: Attempt) -> Problems:
        """Return all problems there are while this attempt is the newest."""
        return (
            *attempt.translation.problems,
            *attempt.inputs.quarantine.problems(),
            *self.template_problems,
            *self.options_problems(),
        )

    def options_problems(self) -> Problems:
        """Return what nginx refuses of the global options."""
        if self.config_map is None or not self.admin.refused_options:
            return ()
        problem = problems.error(
            ObjectRef(Kind.CONFIG_MAP, self.config_map),
            "",
            Code.REFUSED_BY_NGINX,
            f"These options are not used: {self.admin.refused_options}.",
            "Change them; the next edit is tried.",
            meanwhile="the last good ones hold, or the defaults",
        )
        return (problem,)
