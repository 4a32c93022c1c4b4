"""All settings as one frozen value, with their defaults."""

from pathlib import Path

from msgspec import Struct

from generator.names import Network
from generator.objects import Name
from generator.settings.ineffective_flags import IgnoredFlag
from generator.settings.source import Cluster, Manifests


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of the generator."""

    source: Manifests | Cluster
    volume: Path
    watch_namespaces: tuple[str, ...] = ()
    """Empty: all."""

    ingress_class: str = "nginx"
    controller_class: str = "k8s.io/ingress-nginx"
    watch_ingress_without_class: bool = False
    ingress_class_by_name: bool = False

    http_port: int = 80
    https_port: int = 443
    status_port: int = 10246
    probe_port: int | None = None
    """None: no such listener."""
    worker_processes: int = 0
    """0: one for each processor that nginx sees."""
    healthz_port: int = 10254
    configmap: Name | None = None
    default_backend_service: Name | None = None
    default_ssl_certificate: Name | None = None
    annotations_prefix: str = "nginx.ingress.kubernetes.io"
    template_dir: Path | None = None
    debounce_ms: int = 500
    disable_catch_all: bool = False
    disable_svc_external_name: bool = False
    denied_backend_networks: tuple[Network, ...] = ()

    update_status: bool = True
    publish_service: Name | None = None
    publish_status_address: tuple[str, ...] = ()
    disable_leader_election: bool = False
    election_id: str = "pillion-leader"
    election_ttl_s: int = 8

    log_level: str = "info"
    ignored: tuple[IgnoredFlag, ...] = ()
    """Flags of the command line without effect; reported once, at the start."""
