"""Which Secrets and ConfigMaps a snapshot's Ingresses name: these are read, and no others."""

from generator.build.classes import Classes
from generator.build.options import Options
from generator.objects import Kind, Name, ObjectRef
from generator.snapshot import Snapshot


def references(snapshot: Snapshot, options: Options) -> frozenset[ObjectRef]:
    """Give what our own Ingresses and the admin name; what others name is none of our business."""
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
