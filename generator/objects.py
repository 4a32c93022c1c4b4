"""The Kubernetes objects that are read, and of each only the fields that are.

Unknown fields are skipped while decoding, so 5,000 Ingresses cost megabytes, not
hundreds of them. Older API versions are translated before they come here.
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
    """A file or folder of manifests, where a problem is with no object in it."""


class Name(NamedTuple):
    """What identifies an object within its kind."""

    namespace: str
    """Empty for cluster-scoped kinds."""
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class ObjectRef(NamedTuple):
    """One object, told apart from all others."""

    kind: Kind
    name: Name

    def __str__(self) -> str:
        return str(self.name) if self.kind is Kind.INGRESS else f"{self.kind} {self.name}"


class _Object(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is decoded: fields are named as in the API."""


class Metadata(_Object, frozen=True, kw_only=True):
    """ObjectMeta."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str = ""
    """RFC 3339 in UTC, so that comparing text compares time. Empty in manifests."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class KubernetesObject(_Object, frozen=True, kw_only=True):
    """What all kinds have."""

    metadata: Metadata

    @property
    def name(self) -> Name:
        """Namespace and name."""
        return Name(self.metadata.namespace, self.metadata.name)


class ServicePortRef(_Object, frozen=True):
    """ServiceBackendPort: by name or by number."""

    name: str = ""
    number: int = 0


class ServiceRef(_Object, frozen=True, kw_only=True):
    """IngressServiceBackend."""

    name: str
    port: ServicePortRef = ServicePortRef()


class ResourceRef(_Object, frozen=True, kw_only=True):
    """TypedLocalObjectReference; refused with a Problem."""

    kind: str = ""
    name: str = ""


class Backend(_Object, frozen=True, kw_only=True):
    """IngressBackend: what a rule names."""

    service: ServiceRef | None = None
    resource: ResourceRef | None = None


class PathType(StrEnum):
    """How a path is compared. Rules: Ingress, "Path types"."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"


class HTTPPath(_Object, frozen=True, kw_only=True):
    """HTTPIngressPath."""

    backend: Backend
    path: str = ""
    path_type: PathType = PathType.IMPLEMENTATION_SPECIFIC


class HTTPRule(_Object, frozen=True, kw_only=True):
    """HTTPIngressRuleValue."""

    paths: tuple[HTTPPath, ...] = ()


class Rule(_Object, frozen=True, kw_only=True):
    """IngressRule."""

    host: str = ""
    http: HTTPRule | None = None


class TLS(_Object, frozen=True, kw_only=True):
    """IngressTLS."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(_Object, frozen=True, kw_only=True):
    """IngressSpec."""

    ingress_class_name: str = ""
    default_backend: Backend | None = None
    tls: tuple[TLS, ...] = ()
    rules: tuple[Rule, ...] = ()


class PublishedAddress(_Object, frozen=True, kw_only=True):
    """IngressLoadBalancerIngress, and a Service's LoadBalancerIngress."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(_Object, frozen=True, kw_only=True):
    """LoadBalancerStatus."""

    ingress: tuple[PublishedAddress, ...] = ()


class LoadBalancerStatus(_Object, frozen=True, kw_only=True):
    """The status of an Ingress or of a Service."""

    load_balancer: LoadBalancer = LoadBalancer()


class Ingress(KubernetesObject, frozen=True, kw_only=True):
    """networking.k8s.io/v1 Ingress."""

    spec: IngressSpec = IngressSpec()
    status: LoadBalancerStatus = LoadBalancerStatus()

    @property
    def ref(self) -> ObjectRef:
        """Who it is, for problems and markers."""
        return ObjectRef(Kind.INGRESS, self.name)


class IngressClassSpec(_Object, frozen=True, kw_only=True):
    """IngressClassSpec."""

    controller: str = ""


class IngressClass(KubernetesObject, frozen=True, kw_only=True):
    """networking.k8s.io/v1 IngressClass."""

    spec: IngressClassSpec = IngressClassSpec()

    @property
    def is_default(self) -> bool:
        """Whether Ingresses without a class belong to this one."""
        return (
            self.metadata.annotations.get("ingressclass.kubernetes.io/is-default-class") == "true"
        )


class ServicePort(_Object, frozen=True, kw_only=True):
    """ServicePort."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str = 0
    """0: the same as `port`."""


class ServiceSpec(_Object, frozen=True, kw_only=True):
    """ServiceSpec."""

    type: str = "ClusterIP"
    cluster_ip: str = field(default="", name="clusterIP")
    external_name: str = ""
    ports: tuple[ServicePort, ...] = ()
    external_ips: tuple[str, ...] = field(default=(), name="externalIPs")


class Service(KubernetesObject, frozen=True, kw_only=True):
    """v1 Service."""

    spec: ServiceSpec = ServiceSpec()
    status: LoadBalancerStatus = LoadBalancerStatus()


class EndpointConditions(_Object, frozen=True, kw_only=True):
    """EndpointConditions; unset means yes for ready and serving, no for terminating."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(_Object, frozen=True, kw_only=True):
    """Endpoint of a slice; its addresses are fungible, the first is used."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()


class EndpointPort(_Object, frozen=True, kw_only=True):
    """EndpointPort."""

    name: str = ""
    port: int = 0


class EndpointSlice(KubernetesObject, frozen=True, kw_only=True):
    """discovery.k8s.io/v1 EndpointSlice."""

    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service(self) -> Name:
        """The Service whose endpoints these are; its name is empty for a slice of none."""
        return Name(
            self.metadata.namespace, self.metadata.labels.get("kubernetes.io/service-name", "")
        )


class Secret(KubernetesObject, frozen=True, kw_only=True):
    """v1 Secret; never shows its data."""

    type: str = "Opaque"
    data: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Secret({self.name})"


class ConfigMap(KubernetesObject, frozen=True, kw_only=True):
    """v1 ConfigMap."""

    data: dict[str, str] = {}


Object = TypeVar("Object", bound=KubernetesObject)


def decode(text: bytes | msgspec.Raw, kind: type[Object]) -> Object:
    """Read one object as the apiserver writes it (JSON).

    Go writes an empty list as null here and there; null is taken for absent.
    Raises msgspec.ValidationError, whose text names the field.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        return convert(msgspec.json.decode(text), kind)


def convert(value: Mapping[str, Any], kind: type[Object]) -> Object:
    """Read one object from plain values, as YAML gives them; null is taken for absent.

    Raises msgspec.ValidationError, whose text names the field.
    """
    return msgspec.convert(without_nulls(value), type=kind)


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Leave out what is null, which stands for absent; keys become text, as in JSON."""
    if isinstance(value, Mapping):
        return {str(k): without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value if v is not None]
    return value
