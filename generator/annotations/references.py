"""The Secrets and ConfigMaps that annotations name: looked up, or why there is none."""

from generator import problems
from generator.annotations.declaration import SHUT, Annotation, Asker, Values
from generator.objects import ConfigMap, Kind, Name, ObjectRef, Secret
from generator.options.namespaces import ALLOW_CROSS_NAMESPACE_RESOURCES
from generator.problems import Code, Problem
from generator.values.references import Reference

Referring = Annotation[Reference | None]


def secret_of(annotation: Referring, values: Values, asker: Asker) -> Secret | Problem:
    """Return the Secret that an annotation names; it has to be set."""
    name = _allowed(annotation, Kind.SECRET, values, asker)
    if isinstance(name, Problem):
        return name
    return asker.objects.secret(name) or _missing(annotation, Kind.SECRET, name, asker)


def config_map_of(annotation: Referring, values: Values, asker: Asker) -> ConfigMap | Problem:
    """Return the ConfigMap that an annotation names; it has to be set."""
    name = _allowed(annotation, Kind.CONFIG_MAP, values, asker)
    if isinstance(name, Problem):
        return name
    return asker.objects.config_map(name) or _missing(annotation, Kind.CONFIG_MAP, name, asker)


def unusable(annotation: Referring, asker: Asker, message: str, hint: str) -> Problem:
    """Return the problem of an object that is there but of no use, so that paths are shut."""
    return problems.error(
        asker.owner, annotation.name, Code.ANNOTATION_INVALID, message, hint, meanwhile=SHUT
    )


def _allowed(annotation: Referring, kind: Kind, values: Values, asker: Asker) -> Name | Problem:
    reference, own = values[annotation], asker.owner.name.namespace
    if reference is None:
        return unusable(annotation, asker, "It is not set.", f"Name a {kind}.")
    name = reference.seen_from(own)
    if name.namespace == own or values.options[ALLOW_CROSS_NAMESPACE_RESOURCES]:
        return name
    return unusable(
        annotation,
        asker,
        f"{kind} {name} is in another namespace than the Ingress.",
        f"Copy it to namespace {own}, or ask the admin about "
        f"{ALLOW_CROSS_NAMESPACE_RESOURCES.name}.",
    )


def _missing(annotation: Referring, kind: Kind, name: Name, asker: Asker) -> Problem:
    code = Code.SECRET_NOT_FOUND if kind is Kind.SECRET else Code.CONFIG_MAP_NOT_FOUND
    message = f"There is no {ObjectRef(kind, name)}, or Pillion may not read it."
    return problems.error(asker.owner, annotation.name, code, message, "Create it.", meanwhile=SHUT)
