"""From settings to the parts of the program; `pillion render` and `lint` take theirs here too."""

import os
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from generator import translation
from generator.cluster.access import Access
from generator.cluster.discovery import find
from generator.loop.reporter import Reporter
from generator.manifests.source import ManifestSource
from generator.model import Certificate
from generator.nginx.surroundings import (
    Surroundings,
    cluster_domain_of,
    has_ipv6_beyond,
    open_files,
    resolvers_of,
)
from generator.objects import Kind, Name, ObjectRef
from generator.settings.settings import Settings
from generator.settings.source import Cluster, Manifests, replica_of
from generator.snapshot import Snapshot, Source
from generator.translation import TranslationSettings
from reloader.contract import Volume

if TYPE_CHECKING:
    from generator.cluster.api import Api
    from generator.cluster.client import Client
    from generator.cluster.ingress_status import StatusWriter
    from generator.cluster.leader_election import LeaderElection
    from generator.cluster.source import ClusterSource

_RESOLV_CONF = Path("/etc/resolv.conf")
_IF_INET6 = Path("/proc/net/if_inet6")


def translation_settings_of(
    settings: Settings, fallback_certificate: Certificate
) -> TranslationSettings:
    """Return what `translate` goes by."""
    return TranslationSettings(
        fallback_certificate=fallback_certificate,
        controller_class=settings.controller_class,
        ingress_class=settings.ingress_class,
        watch_ingress_without_class=settings.watch_ingress_without_class,
        ingress_class_by_name=settings.ingress_class_by_name
        or isinstance(settings.source, Manifests),
        annotations_prefix=settings.annotations_prefix,
        config_map=settings.configmap,
        default_backend=settings.default_backend_service,
        default_certificate=settings.default_ssl_certificate,
        catch_all=not settings.disable_catch_all,
        external_names=not settings.disable_svc_external_name,
        loopback=isinstance(settings.source, Manifests),
        denied_networks=settings.denied_backend_networks,
        cluster_domain=cluster_domain_of(_read(_RESOLV_CONF)),
    )


def surroundings_of(settings: Settings) -> Surroundings:
    """Say where nginx runs."""
    volume = Volume(settings.volume.absolute())
    return Surroundings(
        files=str(volume.files),
        pid=str(volume.pid),
        temp=str(volume.temp),
        http_port=settings.http_port,
        https_port=settings.https_port,
        status_port=settings.status_port,
        probe_port=settings.probe_port,
        workers=settings.worker_processes,
        open_files=open_files(*resource.getrlimit(resource.RLIMIT_NOFILE)),
        ipv6=_has_ipv6(),
        ipv6_beyond=has_ipv6_beyond(_read(_IF_INET6)),
        resolvers=resolvers_of(_read(_RESOLV_CONF)),
    )


def _has_ipv6() -> bool:
    """Whether this machine would let nginx listen on `[::]`; not all kernels do."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def _read(path: Path) -> str:
    """Return what the system says there; nothing where it does not."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def access_of(cluster: Cluster) -> Access:
    """Return the way into a cluster. Raises ClusterError where its kubeconfig is broken."""
    return find(
        kubeconfig=cluster.kubeconfig,
        context=cluster.context,
        server=cluster.server,
        service_account=cluster.service_account,
    )


@asynccontextmanager
async def parts(
    settings: Settings, options: TranslationSettings
) -> AsyncIterator[tuple[Source, Reporter | None]]:
    """Open the source of objects, and who reports to where they came from.

    Raises ClusterError where a kubeconfig is broken.
    """
    if isinstance(settings.source, Manifests):
        yield ManifestSource(settings.source.paths), None
        return
    async with _cluster_parts(settings, settings.source, options) as opened:
        yield opened


@asynccontextmanager
async def _cluster_parts(
    settings: Settings, given: Cluster, options: TranslationSettings
) -> AsyncIterator[tuple[Source, Reporter | None]]:
    # Imported here: the client's library takes 0.4 s, which a folder need not pay.
    from generator.cluster.client import Client  # noqa: PLC0415
    from generator.cluster.source import ClusterSource  # noqa: PLC0415

    def references(snapshot: Snapshot) -> frozenset[ObjectRef]:
        return translation.references(snapshot, options)

    async with Client(access_of(given)) as client:
        source = ClusterSource(
            client,
            references=references,
            named=_named(settings),
            namespaces=settings.watch_namespaces,
        )
        yield source, _reporter(settings, given, client, source)


def _reporter(
    settings: Settings, given: Cluster, client: "Client", source: "ClusterSource"
) -> Reporter:
    from generator.cluster.api import FencedApi  # noqa: PLC0415 - as above
    from generator.cluster.kubernetes_event_writer import KubernetesEventWriter  # noqa: PLC0415 - as above
    from generator.cluster.reporter import ClusterReporter  # noqa: PLC0415 - as above

    election = _election(settings, given, client)
    api = FencedApi(client, election.is_leading) if election else client

    def new_status() -> "StatusWriter":
        return _status_writer(settings, api, source)

    return ClusterReporter(
        new_status if settings.update_status else None,
        lambda: KubernetesEventWriter(api),
        election,
    )


def _election(settings: Settings, given: Cluster, client: "Client") -> "LeaderElection | None":
    from generator.cluster.leader_election import ElectionTiming, LeaderElection  # noqa: PLC0415 - as above
    from generator.cluster.lease import LeaseApi  # noqa: PLC0415 - as above

    if settings.disable_leader_election:
        return None
    replica = replica_of(os.environ, given.service_account)
    return LeaderElection(
        LeaseApi(client, Name(replica.namespace, settings.election_id)),
        replica.name,
        ElectionTiming.of(settings.election_ttl_s),
    )


def _status_writer(settings: Settings, api: "Api", source: "ClusterSource") -> "StatusWriter":
    from generator.cluster.ingress_status import StatusWriter  # noqa: PLC0415 - as above
    from generator.cluster.published_addresses import addresses_of_text  # noqa: PLC0415 - as above

    return StatusWriter(
        api,
        source,
        publish_service=settings.publish_service,
        publish_addresses=addresses_of_text(settings.publish_status_address),
        namespaces=settings.watch_namespaces,
    )


def _named(settings: Settings) -> frozenset[ObjectRef]:
    """Objects that settings name, wherever they are."""
    named = {
        Kind.SERVICE: (settings.default_backend_service, settings.publish_service),
        Kind.SECRET: (settings.default_ssl_certificate,),
        Kind.CONFIG_MAP: (settings.configmap,),
    }
    return frozenset(
        ObjectRef(kind, name) for kind, names in named.items() for name in names if name
    )
