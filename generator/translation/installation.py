"""What the cluster's admin decides, as all Ingresses meet it: flags, options, default backend."""

from collections.abc import Iterable

from msgspec import Struct

from generator import problems
from generator.annotations.declaration import Feature
from generator.effects import GlobalEffect, InSection, InServer, Section
from generator.model import Handler, HttpSettings
from generator.objects import Kind, ObjectRef
from generator.options.catalog import GROUPS
from generator.options.declaration import GlobalValues
from generator.options.reading import read_options
from generator.problems import Code, Problems
from generator.translation.memo import Reads
from generator.translation.settings import TranslationSettings


class Installation(Struct, frozen=True, kw_only=True):
    """What holds for every Ingress."""

    settings: TranslationSettings
    options: GlobalValues
    default_backend: Handler
    """Who answers what no rule names."""
    active: tuple[Feature, ...]
    """The features that add something to Ingresses without annotations."""


class Options(Struct, frozen=True, kw_only=True):
    """The global options, and what they add."""

    values: GlobalValues
    http: HttpSettings
    servers: tuple[InServer, ...]
    """In every server."""
    problems: Problems


def read_global_options(settings: TranslationSettings, reads: Reads) -> Options:
    """Read the ConfigMap of `--configmap`; without one, the defaults hold."""
    values, found = GlobalValues(), tuple[problems.Problem, ...]()
    if settings.config_map is not None:
        ref = ObjectRef(Kind.CONFIG_MAP, settings.config_map)
        config_map = reads.config_map(settings.config_map)
        if config_map is None:
            found = (_not_found(ref),)
        else:
            values, found = read_options(config_map.data, ref)
    return with_effects(values, found)


def with_effects(values: GlobalValues, found: Problems = ()) -> Options:
    """Return the options with all that they add."""
    effects = [effect for group in GROUPS for effect in group.all_effects(values)]
    return Options(
        values=values,
        http=_http(effects),
        servers=tuple(effect for effect in effects if isinstance(effect, InServer)),
        problems=found,
    )


def _http(effects: Iterable[GlobalEffect]) -> HttpSettings:
    sections = [effect for effect in effects if isinstance(effect, InSection)]
    return HttpSettings(
        **{
            section.value: tuple(s for e in sections if e.section is section for s in e.statements)
            for section in Section
        }
    )


def _not_found(ref: ObjectRef) -> problems.Problem:
    return problems.warning(
        ref,
        "--configmap",
        Code.CONFIG_MAP_NOT_FOUND,
        f"There is no ConfigMap {ref.name}.",
        "Create it, or leave out the flag.",
        meanwhile="every option has its default",
    )
