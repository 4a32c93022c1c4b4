"""What a declaration of an annotation consists of, and of the feature that it belongs to."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar, cast

from msgspec import Struct

from generator.directives import Regex, carrying
from generator.effects import Effect, InLocation, Phase
from generator.model import Handler
from generator.names import Reach
from generator.objects import ConfigMap, Kind, Name, ObjectRef, Secret
from generator.options.declaration import GlobalValues, Option

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Scope(Enum):
    """What a value applies to."""

    LOCATION = "location"
    """Each path of the Ingress."""
    HOST = "host"
    """The whole host, other Ingresses' paths included."""


class OnError(Enum):
    """What holds while a value is invalid."""

    IGNORE = "ignore"
    """The default."""
    KEEP = "keep"
    """What of the value is valid, or the least (`Invalid.kept`): the default would allow more."""
    DENY = "deny"
    """The Ingress answers 503: the annotation guards access, and open is worse than shut."""


SHUT = "its paths answer 503, since this guards access"
"""What holds while an annotation with `OnError.DENY` cannot be obeyed."""


class Annotation(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One annotation. The value it gives has the type that `parse` returns."""

    name: str
    """Without the prefix."""
    parse: Callable[[str], T_co]
    """Raises Invalid."""
    default: T_co | Option[T_co]
    """A value, or the global option whose value it is."""
    doc: str
    scope: Scope = Scope.LOCATION
    on_error: OnError = OnError.IGNORE
    directive: str = ""
    """The directive that carries the value as it is; empty where it takes more than that."""
    aliases: tuple[str, ...] = ()
    """Older names, which count only where the main name is not set."""
    refers_to: Kind | None = None
    """The kind of object that a `Reference` names; those named are read."""

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def initial(self) -> T_co:
        """Return the default of a fresh installation."""
        default: T_co = self.default.default if isinstance(self.default, Option) else self.default
        return default


class Values(Struct, frozen=True):
    """The values of one Ingress; an annotation that is not set has its default."""

    given: Mapping[Annotation[Any], Any]
    """Those that are set and valid."""
    denied: bool
    """Whether one that guards access can't be obeyed."""
    options: GlobalValues = GlobalValues()

    def __getitem__(self, annotation: Annotation[T]) -> T:
        if annotation in self.given:
            return cast("T", self.given[annotation])
        return self.default_of(annotation)

    def default_of(self, annotation: Annotation[T]) -> T:
        """Return what holds where the annotation is not set."""
        default = annotation.default
        return cast("T", self.options[default] if isinstance(default, Option) else default)


class Objects(Protocol):
    """Where objects that annotations name are looked up."""

    def secret(self, name: Name) -> Secret | None:
        """Look up a Secret."""

    def config_map(self, name: Name) -> ConfigMap | None:
        """Look up a ConfigMap."""


class NoObjects:
    """Has none."""

    def secret(self, _name: Name) -> Secret | None:
        """Look up a Secret."""
        return None

    def config_map(self, _name: Name) -> ConfigMap | None:
        """Look up a ConfigMap."""
        return None


class Asker(Struct, frozen=True, kw_only=True):
    """The Ingress that effects are for."""

    owner: ObjectRef
    hosts: frozenset[str]
    """Those of its rules; an empty one is any host that no rule names."""
    default_backend: Handler
    """Who answers what no rule names, by the admin's word."""
    reach: Reach
    """Where its requests may be sent."""
    objects: Objects = NoObjects()
    """Those of the cluster, as far as they are read."""


def adds_nothing(_values: Values, _asker: Asker) -> Iterator[Effect]:
    """Add nothing for an Ingress."""
    yield from ()


def adds_nothing_to_a_path(_values: Values, _path: str, _pattern: Regex) -> Iterator[InLocation]:
    """Add nothing for a path."""
    yield from ()


def _as_it_is(_values: Values, _path: str) -> bool:
    return False


class Feature(Struct, frozen=True, kw_only=True):
    """What a module of annotations declares, and what it adds beyond single directives."""

    title: str
    """For the reference in the documentation."""
    annotations: tuple[Annotation[Any], ...]
    effects: Callable[[Values, Asker], Iterator[Effect]] = adds_nothing
    """For an Ingress; called only where one of its values is not as in a fresh installation."""
    always: bool = False
    """Whether `effects` is called in any case."""
    path_effects: Callable[[Values, str, Regex], Iterator[InLocation]] = adds_nothing_to_a_path
    """For one path, and the expression that it is compared by where it is one."""
    is_expression: Callable[[Values, str], bool] = _as_it_is
    """Whether a path is a regular expression. One says so: all of the host are."""

    def is_active(self, options: GlobalValues) -> bool:
        """Whether it adds something to Ingresses that set none of its annotations."""
        unset = Values({}, denied=False, options=options)
        return self.always or any(unset[a] != a.initial for a in self.annotations)

    def directives(self, values: Values) -> Iterator[Effect]:
        """Return what the directives of single annotations add."""
        for annotation in self.annotations:
            if annotation.directive and annotation in values.given:
                directive = carrying(annotation.directive, values.given[annotation])
                yield InLocation(phase=Phase.SETTINGS, statements=(directive,))
