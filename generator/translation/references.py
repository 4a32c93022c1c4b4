"""Which Secrets and ConfigMaps a snapshot's Ingresses name: these are read, and no others."""

from collections.abc import Iterator

from generator.annotations.catalog import ALL
from generator.objects import Ingress, Kind, Name, ObjectRef
from generator.options.namespaces import ALLOW_CROSS_NAMESPACE_RESOURCES
from generator.snapshot import Snapshot
from generator.translation.classes import Classes
from generator.translation.settings import TranslationSettings
from generator.values.invalid import Invalid
from generator.values.references import reference

_REFERRING = tuple(
    (annotation.refers_to, name)
    for annotation in ALL
    if annotation.refers_to
    for name in (annotation.name, *annotation.aliases)
)


def references(snapshot: Snapshot, options: TranslationSettings) -> frozenset[ObjectRef]:
    """Return what our own Ingresses and the admin name; foreign Ingresses do not count."""
    classes = Classes.of(snapshot.ingress_classes, options)
    ours = [ingress for ingress in snapshot.ingresses.values() if classes.claim(ingress)]
    named = {
        ObjectRef(Kind.SECRET, Name(ingress.name.namespace, tls.secret_name))
        for ingress in ours
        for tls in ingress.spec.tls
        if tls.secret_name
    }
    everywhere = _may_cross(snapshot, options)
    for ingress in ours:
        if ingress.metadata.annotations:
            named.update(
                ref
                for ref in _annotated(ingress, options.annotations_prefix)
                if everywhere or ref.name.namespace == ingress.name.namespace
            )
    if options.default_certificate:
        named.add(ObjectRef(Kind.SECRET, options.default_certificate))
    return frozenset(named)


def _annotated(ingress: Ingress, prefix: str) -> Iterator[ObjectRef]:
    for kind, name in _REFERRING:
        text = ingress.metadata.annotations.get(f"{prefix}/{name}", "").strip()
        if text:
            try:
                yield ObjectRef(kind, reference(text).seen_from(ingress.name.namespace))
            except Invalid:
                continue


def _may_cross(snapshot: Snapshot, options: TranslationSettings) -> bool:
    """Whether the admin lets annotations name objects of other namespaces."""
    config_map = snapshot.config_maps.get(options.config_map) if options.config_map else None
    text = (config_map.data if config_map else {}).get(ALLOW_CROSS_NAMESPACE_RESOURCES.name, "")
    try:
        return ALLOW_CROSS_NAMESPACE_RESOURCES.parse(text.strip())
    except Invalid:
        return False
