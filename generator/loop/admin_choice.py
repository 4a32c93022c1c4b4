"""Which templates and options are used: the newest, unless nginx may be refusing those. Pure.

What the cluster's admin gave and nginx has not accepted yet is doubted first: what was
good last, or what is built in, takes its place. If nginx refuses that too, an Ingress is
at fault; once it is held, the new ones are tried again. If nginx accepts it, the new
ones are refused until they change.
"""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from generator.nginx.jinja import TemplateSet


class AdminInputs(Struct, frozen=True, kw_only=True):
    """What the cluster's admin can change while the generator runs."""

    templates: TemplateSet
    options: Mapping[str, str]
    """The data of the ConfigMap; empty where there is none."""


class AdminChoice(Struct, frozen=True, kw_only=True):
    """What there is to choose from, and what is known of it."""

    wanted: AdminInputs
    """The newest that can be read."""
    good: AdminInputs
    """What nginx accepted last; before that, what is built in."""
    doubt: str = ""
    """Why the wanted ones are not used, in nginx's words."""
    cleared: bool = False
    """Whether nginx has refused the good ones too since."""
    refused: str = ""
    """Why the wanted ones are not used until they change: the doubt, once it is proved."""

    @property
    def used(self) -> AdminInputs:
        """Return what to go by."""
        return self.good if self.doubt else self.wanted

    @property
    def refused_templates(self) -> str:
        """Return why the wanted templates are not used; empty where they are not at fault."""
        return self.refused if self.wanted.templates != self.good.templates else ""

    @property
    def refused_options(self) -> str:
        """Return why the wanted options are not used; empty where they are not at fault."""
        return self.refused if self.wanted.options != self.good.options else ""


def newest(choice: AdminChoice, wanted: AdminInputs) -> AdminChoice:
    """Take what was just read; where it is as before, what is known of it stays."""
    return choice if wanted == choice.wanted else AdminChoice(wanted=wanted, good=choice.good)


def doubted(choice: AdminChoice, used: AdminInputs, message: str) -> AdminChoice | None:
    """Doubt what a refused wish was made by; None where there is no reason to."""
    if used == choice.good or used != choice.used:
        return None
    return replace(choice, doubt=message)


def cleared(choice: AdminChoice) -> AdminChoice:
    """Take note that the good ones were refused too, so that an Ingress is at fault."""
    return replace(choice, cleared=True) if choice.doubt and not choice.refused else choice


def proved(choice: AdminChoice, used: AdminInputs, *, searching: bool) -> AdminChoice:
    """Take note that nginx accepted these. During a search no others are tried."""
    if used == choice.wanted:
        return replace(choice, good=used, doubt="", cleared=False, refused="")
    if used != choice.good or not choice.doubt or searching:
        return choice
    if choice.cleared:
        return replace(choice, doubt="", cleared=False)
    return replace(choice, refused=choice.doubt)
