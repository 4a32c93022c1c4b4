"""What the cluster's admin decides by flags about translating."""

from msgspec import Struct

from generator.model import Certificate
from generator.names import Network, Reach
from generator.objects import Name


class TranslationSettings(Struct, frozen=True, kw_only=True):
    """The settings that `translate` reads, under ingress-nginx's names."""

    fallback_certificate: Certificate
    """What https answers with where no Secret is named or the named one is unusable."""
    controller_class: str
    ingress_class: str
    watch_ingress_without_class: bool = False
    ingress_class_by_name: bool = False
    """Whether an Ingress that names `ingress_class` is ours without such an IngressClass."""
    annotations_prefix: str
    config_map: Name | None = None
    """With the global options; None: their defaults."""
    default_backend: Name | None = None
    """A Service; None: Pillion itself answers 404."""
    default_certificate: Name | None = None
    """A Secret; None: the fallback certificate."""
    catch_all: bool = True
    """Whether an Ingress may answer for hosts that no rule names."""
    external_names: bool = True
    """Whether Services of type ExternalName are followed."""
    loopback: bool = False
    """Whether backends may be on this machine's loopback: only where the
    author of the Ingresses owns the machine."""
    denied_networks: tuple[Network, ...] = ()
    """Networks in which backends may not be."""
    cluster_domain: str = ""
    """What names of Services end in, such as `cluster.local`; empty where it is not known."""
    compatible_classes: frozenset[str] = frozenset({"nginx"})
    """Classes whose Ingresses get ingress-nginx's ways where they differ from Kubernetes'."""

    @property
    def reach(self) -> Reach:
        """Return where requests may be sent."""
        return Reach(self.loopback, self.denied_networks)
