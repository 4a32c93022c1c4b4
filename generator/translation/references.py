"""Which Secrets and ConfigMaps a snapshot's Ingresses name: these are read, and no others."""

from generator.objects import Kind, Name, ObjectRef
from generator.snapshot import Snapshot
from generator.translation.classes import Classes
from generator.translation.settings import TranslationSettings


def references(snapshot: Snapshot, options: TranslationSettings) -> frozenset[ObjectRef]:
    """Return what our own Ingresses and the admin name; foreign Ingresses do not count."""
    classes = Classes.of(snapshot.ingress_classes, options)
    named = {
        Name(ingress.name.namespace, tls.secret_name)
        for ingress in snapshot.ingresses.values()
        if ingress.spec.tls and classes.claim(ingress)
        for tls in ingress.spec.tls
        if tls.secret_name
    }
    if options.default_certificate:
        named.add(options.default_certificate)
    return frozenset(ObjectRef(Kind.SECRET, name) for name in named)
