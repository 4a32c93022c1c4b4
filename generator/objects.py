"""The Kubernetes objects that Pillion reads, with only the fields that it uses.

Unknown fields are skipped while decoding, so 5,000 Ingresses cost megabytes, not
hundreds of them. Older API versions are converted before.
Rules: Kubernetes API reference, networking.k8s.io/v1, discovery.k8s.io/v1, v1.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct, field


class Kind(StrEnum):
    """The kinds of objects that Pillion reads."""

    INGRESS = "Ingress"
    INGRESS_CLASS = "IngressClass"
    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    SECRET = "Secret"  # noqa: S105 - a kind, not a password
    CONFIG_MAP = "ConfigMap"
    FILE = "file"
    """A file or folder of manifests, for problems that concern no object in it."""


class Name(NamedTuple):
    """The name that identifies an object within its kind."""

    namespace: str
    """Empty for cluster-scoped kinds."""
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class ObjectRef(NamedTuple):
    """The reference that identifies one object."""

    kind: Kind
    name: Name

    def __str__(self) -> str:
        return str(self.name) if self.kind is Kind.INGRESS else f"{self.kind} {self.name}"


def file_ref(path: object) -> ObjectRef:
    """Return the reference of a file or folder, for what is wrong with none of its objects."""
    return ObjectRef(Kind.FILE, Name("", str(path)))


class _Object(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all decoded values: fields are named as in the API."""


class Metadata(_Object, frozen=True, kw_only=True):
    """The metadata of an object (ObjectMeta)."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str = ""
    """RFC 3339 in UTC, so that comparing text compares time. Empty in manifests."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class KubernetesObject(_Object, frozen=True, kw_only=True):
    """Base of all kinds."""

    metadata: Metadata

    @property
    def name(self) -> Name:
        """Return namespace and name."""
        return Name(self.metadata.namespace, self.metadata.name)


class ServicePortRef(_Object, frozen=True):
    """A port of a Service, by name or by number (ServiceBackendPort)."""

    name: str = ""
    number: int = 0


class ServiceRef(_Object, frozen=True, kw_only=True):
    """A Service as the backend of a path (IngressServiceBackend)."""

    name: str
    port: ServicePortRef = ServicePortRef()


class ResourceRef(_Object, frozen=True, kw_only=True):
    """Any other object as the backend of a path, which is not supported."""

    kind: str = ""
    name: str = ""


class Backend(_Object, frozen=True, kw_only=True):
    """The backend that a path names (IngressBackend)."""

    service: ServiceRef | None = None
    resource: ResourceRef | None = None


class PathType(StrEnum):
    """How a path is compared. Rules: Ingress, "Path types"."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"


class HTTPPath(_Object, frozen=True, kw_only=True):
    """One path of a rule, and its backend (HTTPIngressPath)."""

    backend: Backend
    path: str = ""
    path_type: PathType = PathType.IMPLEMENTATION_SPECIFIC


class HTTPRule(_Object, frozen=True, kw_only=True):
    """The paths of a rule (HTTPIngressRuleValue)."""

    paths: tuple[HTTPPath, ...] = ()


class Rule(_Object, frozen=True, kw_only=True):
    """One host and its paths (IngressRule)."""

    host: str = ""
    http: HTTPRule | None = None


class TLS(_Object, frozen=True, kw_only=True):
    """Hosts that are served over TLS, and the Secret of their certificate (IngressTLS)."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(_Object, frozen=True, kw_only=True):
    """The class, default backend, TLS hosts and rules of an Ingress."""

    ingress_class_name: str = ""
    default_backend: Backend | None = None
    tls: tuple[TLS, ...] = ()
    rules: tuple[Rule, ...] = ()


class PublishedAddress(_Object, frozen=True, kw_only=True):
    """One address at which an Ingress or a Service is reached (LoadBalancerIngress)."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(_Object, frozen=True, kw_only=True):
    """The addresses at which an Ingress or a Service is reached (LoadBalancerStatus)."""

    ingress: tuple[PublishedAddress, ...] = ()


class LoadBalancerStatus(_Object, frozen=True, kw_only=True):
    """The status of an Ingress or of a Service."""

    load_balancer: LoadBalancer = LoadBalancer()


class Ingress(KubernetesObject, frozen=True, kw_only=True):
    """An Ingress, networking.k8s.io/v1."""

    spec: IngressSpec = IngressSpec()
    status: LoadBalancerStatus = LoadBalancerStatus()

    @property
    def ref(self) -> ObjectRef:
        """Return its reference, for problems and markers."""
        return ObjectRef(Kind.INGRESS, self.name)


class IngressClassSpec(_Object, frozen=True, kw_only=True):
    """The controller of a class."""

    controller: str = ""


class IngressClass(KubernetesObject, frozen=True, kw_only=True):
    """An IngressClass, networking.k8s.io/v1."""

    spec: IngressClassSpec = IngressClassSpec()

    @property
    def is_default(self) -> bool:
        """Return whether Ingresses without a class belong to this one."""
        return (
            self.metadata.annotations.get("ingressclass.kubernetes.io/is-default-class") == "true"
        )


class ServicePort(_Object, frozen=True, kw_only=True):
    """One port of a Service."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str = 0
    """0: the same as `port`."""


class ServiceSpec(_Object, frozen=True, kw_only=True):
    """The type, addresses and ports of a Service."""

    type: str = "ClusterIP"
    cluster_ip: str = field(default="", name="clusterIP")
    external_name: str = ""
    ports: tuple[ServicePort, ...] = ()
    external_ips: tuple[str, ...] = field(default=(), name="externalIPs")


class Service(KubernetesObject, frozen=True, kw_only=True):
    """A Service, v1."""

    spec: ServiceSpec = ServiceSpec()
    status: LoadBalancerStatus = LoadBalancerStatus()


class EndpointConditions(_Object, frozen=True, kw_only=True):
    """The state of an endpoint; unset means ready, serving and not terminating."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(_Object, frozen=True, kw_only=True):
    """One endpoint of a slice; its addresses are equivalent, the first is used."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()


class EndpointPort(_Object, frozen=True, kw_only=True):
    """One port of all endpoints of a slice."""

    name: str = ""
    port: int = 0
    protocol: str = "TCP"


class EndpointSlice(KubernetesObject, frozen=True, kw_only=True):
    """An EndpointSlice, discovery.k8s.io/v1."""

    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service(self) -> Name:
        """Return the name of the Service that the endpoints belong to; empty for none."""
        return Name(
            self.metadata.namespace, self.metadata.labels.get("kubernetes.io/service-name", "")
        )


class Secret(KubernetesObject, frozen=True, kw_only=True):
    """A Secret, v1; its representation never shows the data."""

    type: str = "Opaque"
    data: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Secret({self.name})"


class ConfigMap(KubernetesObject, frozen=True, kw_only=True):
    """A ConfigMap, v1."""

    data: dict[str, str] = {}


Object = TypeVar("Object", bound=KubernetesObject)


def decode(text: bytes | msgspec.Raw, kind: type[Object]) -> Object:
    """Decode one object from JSON, as the apiserver writes it.

    Go writes some empty lists as null; null counts as absent.
    Raises msgspec.ValidationError, whose text names the field.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        return convert(msgspec.json.decode(text), kind)


def convert(value: Mapping[str, Any], kind: type[Object]) -> Object:
    """Decode one object from plain values, such as those of YAML; null counts as absent.

    Raises msgspec.ValidationError, whose text names the field.
    """
    return msgspec.convert(without_nulls(value), type=kind)


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Remove nulls, which count as absent, and turn keys into text, as in JSON."""
    if isinstance(value, Mapping):
        return {str(k): without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value if v is not None]
    return value
