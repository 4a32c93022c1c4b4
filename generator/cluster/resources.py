"""Names the resources that are followed, and decodes one object of each."""

from typing import Generic

import msgspec
from msgspec import Raw, Struct

from generator.decode_errors import decode_problem
from generator.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    IngressClass,
    Kind,
    Name,
    Object,
    ObjectRef,
    Secret,
    Service,
    decode,
)
from generator.problems import Problem

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Resource(Struct, Generic[Object], frozen=True, kw_only=True):
    """One resource of the API."""

    kind: Kind
    type: type[Object]
    root: str
    """`/api/v1`, or `/apis/GROUP/VERSION`."""
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group as RBAC names it; empty for the core."""
        return self.root.removeprefix("/apis/").rpartition("/")[0] if "apis" in self.root else ""

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path of the collection, or of one object."""
        parts = (
            self.root,
            *(("namespaces", namespace) if namespace else ()),
            self.plural,
            *((name,) if name else ()),
        )
        return "/".join(parts)

    def read(self, text: Raw | bytes) -> Object:
        """Decode one object. Raises msgspec.DecodeError.

        Drops kubectl's copy of the whole object, which doubles its memory (and holds a
        Secret's data), and the annotations of a slice, which change with each write.
        """
        found = decode(text, self.type)
        found.metadata.annotations.pop(LAST_APPLIED, None)
        if isinstance(found, EndpointSlice):
            found.metadata.annotations.clear()
        return found


INGRESSES = Resource(
    kind=Kind.INGRESS, type=Ingress, root="/apis/networking.k8s.io/v1", plural="ingresses"
)
INGRESS_CLASSES = Resource(
    kind=Kind.INGRESS_CLASS,
    type=IngressClass,
    root="/apis/networking.k8s.io/v1",
    plural="ingressclasses",
    namespaced=False,
)
SERVICES = Resource(kind=Kind.SERVICE, type=Service, root="/api/v1", plural="services")
ENDPOINT_SLICES = Resource(
    kind=Kind.ENDPOINT_SLICE,
    type=EndpointSlice,
    root="/apis/discovery.k8s.io/v1",
    plural="endpointslices",
)
SECRETS = Resource(kind=Kind.SECRET, type=Secret, root="/api/v1", plural="secrets")
CONFIG_MAPS = Resource(kind=Kind.CONFIG_MAP, type=ConfigMap, root="/api/v1", plural="configmaps")


class UndecodedObject(Struct, frozen=True, kw_only=True):
    """The identity of an object that cannot be decoded, and why."""

    uid: str
    problem: Problem

    @property
    def ref(self) -> ObjectRef:
        """Return which object it is."""
        return self.problem.object


class _Identity(Struct, frozen=True, rename="camel"):
    name: str = ""
    """A bookmark has none."""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class _AnyObject(Struct, frozen=True):
    metadata: _Identity


def identity(text: Raw | bytes, kind: Kind) -> tuple[ObjectRef, str, str]:
    """Return name, uid and resourceVersion of an object whose other fields may be invalid."""
    found = msgspec.json.decode(text, type=_AnyObject).metadata
    return ObjectRef(kind, Name(found.namespace, found.name)), found.uid, found.resource_version


def undecoded_object(text: Raw | bytes, kind: Kind, error: msgspec.DecodeError) -> UndecodedObject:
    """Describe why an object cannot be decoded. Raises `error` if it has no readable name."""
    ref, uid, _ = identity(text, kind)
    if not ref.name.name:
        raise error
    return UndecodedObject(uid=uid, problem=decode_problem(ref, error, msgspec.json.decode(text)))
