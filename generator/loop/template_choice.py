"""Which templates are used: the newest, unless it may be them that nginx refuses. Pure.

Templates that nginx has not taken yet are suspected first: the last good ones, or the
built-in ones, take their place. If nginx refuses those too, it was an Ingress; once that
is held the new templates get another try. If nginx takes those, the new ones are refused
until they change.
"""

from msgspec import Struct
from msgspec.structs import replace

from generator.nginx.jinja import TemplateSet


class TemplateChoice(Struct, frozen=True, kw_only=True):
    """The templates there are, and what is known of them."""

    wanted: TemplateSet
    """The newest that can be read."""
    good: TemplateSet
    """Those that nginx took last; before that, the built-in ones."""
    doubt: str = ""
    """Why the wanted ones are not used, in nginx's words."""
    cleared: bool = False
    """Whether nginx refused the good ones too since."""
    refused: str = ""
    """Why they are not used until they change: the doubt, once it is proved."""

    @property
    def used(self) -> TemplateSet:
        """Return the templates to render with."""
        return self.good if self.doubt else self.wanted


def newest(choice: TemplateChoice, templates: TemplateSet) -> TemplateChoice:
    """Take templates that were just read."""
    return TemplateChoice(wanted=templates, good=choice.good)


def doubted(choice: TemplateChoice, used: TemplateSet, message: str) -> TemplateChoice | None:
    """Suspect the templates of a refused wish; None where nobody has reason to."""
    if used == choice.good or used != choice.used:
        return None
    return replace(choice, doubt=message)


def cleared(choice: TemplateChoice) -> TemplateChoice:
    """Take note that the good ones were refused too, so that it was an Ingress."""
    return replace(choice, cleared=True) if choice.doubt and not choice.refused else choice


def proved(choice: TemplateChoice, used: TemplateSet, *, searching: bool) -> TemplateChoice:
    """Take note that nginx took these. While culprits are searched, nothing else is tried."""
    if used == choice.wanted:
        return replace(choice, good=used, doubt="", cleared=False, refused="")
    if used != choice.good or not choice.doubt or searching:
        return choice
    if choice.cleared:
        return replace(choice, doubt="", cleared=False)
    return replace(choice, refused=choice.doubt)
