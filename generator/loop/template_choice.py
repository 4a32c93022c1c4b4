"""Which templates are used: the newest, unless nginx may be refusing those. Pure.

Templates that nginx has not accepted yet are doubted first: the last good ones, or the
built-in ones, take their place. If nginx refuses those too, an Ingress is at fault; once
it is held, the new templates are tried again. If nginx accepts those, the new ones are
refused until they change.
"""

from msgspec import Struct
from msgspec.structs import replace

from generator.nginx.jinja import TemplateSet


class TemplateChoice(Struct, frozen=True, kw_only=True):
    """The templates to choose from, and what is known of them."""

    wanted: TemplateSet
    """The newest that can be read."""
    good: TemplateSet
    """Those that nginx accepted last; before that, the built-in ones."""
    doubt: str = ""
    """Why the wanted ones are not used, in nginx's words."""
    cleared: bool = False
    """Whether nginx has refused the good ones too since."""
    refused: str = ""
    """Why the wanted ones are not used until they change: the doubt, once it is proved."""

    @property
    def used(self) -> TemplateSet:
        """Return the templates to render with."""
        return self.good if self.doubt else self.wanted


def newest(choice: TemplateChoice, templates: TemplateSet) -> TemplateChoice:
    """Take templates that were just read."""
    return TemplateChoice(wanted=templates, good=choice.good)


def doubted(choice: TemplateChoice, used: TemplateSet, message: str) -> TemplateChoice | None:
    """Doubt the templates of a refused wish; None where there is no reason to."""
    if used == choice.good or used != choice.used:
        return None
    return replace(choice, doubt=message)


def cleared(choice: TemplateChoice) -> TemplateChoice:
    """Take note that the good ones were refused too, so that an Ingress is at fault."""
    return replace(choice, cleared=True) if choice.doubt and not choice.refused else choice


def proved(choice: TemplateChoice, used: TemplateSet, *, searching: bool) -> TemplateChoice:
    """Take note that nginx accepted these. During a search no others are tried."""
    if used == choice.wanted:
        return replace(choice, good=used, doubt="", cleared=False, refused="")
    if used != choice.good or not choice.doubt or searching:
        return choice
    if choice.cleared:
        return replace(choice, doubt="", cleared=False)
    return replace(choice, refused=choice.doubt)
