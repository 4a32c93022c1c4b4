"""References to Secrets and ConfigMaps."""

from msgspec import Struct

from generator.names import is_label, is_subdomain
from generator.objects import Name
from generator.values.invalid import Invalid


class Reference(Struct, frozen=True):
    """The name of an object, as an annotation gives it."""

    namespace: str
    """Empty: the Ingress's own."""
    name: str

    def __str__(self) -> str:
        return str(Name(self.namespace, self.name))

    def seen_from(self, namespace: str) -> Name:
        """Return what an Ingress of this namespace means."""
        return Name(self.namespace or namespace, self.name)


def reference(text: str) -> Reference:
    """Read the name of an object, with its namespace and a slash in front or without."""
    namespace, slash, name = text.rpartition("/")
    if not is_subdomain(name) or (slash and not is_label(namespace)):
        raise Invalid("the name of an object", "Write its name, or NAMESPACE/NAME.")
    return Reference(namespace, name)
