"""Follows all Secrets of the type for TLS by one wide watch, and keeps those that are named."""

from msgspec import Struct

from generator.cluster.backoff import Timing
from generator.cluster.client import Client
from generator.cluster.list_watch import Scope
from generator.cluster.reflector import Hooks, Reflector
from generator.cluster.resources import SECRETS
from generator.cluster.store import Table
from generator.objects import Kind, ObjectRef, Secret

TLS = "kubernetes.io/tls"


class TlsSecrets(Struct, frozen=True):
    """The wide watch of each namespace, or of all under the empty name."""

    table: Table[Secret]
    reflectors: dict[str, Reflector[Secret]]

    def holds(self, ref: ObjectRef) -> bool:
        """Whether a wide watch that works has this object, so that it needs none of its own."""
        reflector = self._reflector_of(ref)
        if reflector is None or not reflector.is_allowed:
            return False
        held = self.table.get(ref.name)
        return held is not None and held.type == TLS

    def may_come(self, ref: ObjectRef) -> bool:
        """Whether the first wide list, which may have this object, is not answered yet."""
        reflector = self._reflector_of(ref)
        return reflector is not None and not reflector.has_answer

    def _reflector_of(self, ref: ObjectRef) -> Reflector[Secret] | None:
        if ref.kind is not Kind.SECRET:
            return None
        return self.reflectors.get("") or self.reflectors.get(ref.name.namespace)


def tls_secrets(
    client: Client, table: Table[Secret], timing: Timing, namespaces: tuple[str, ...], hooks: Hooks
) -> TlsSecrets:
    """Return the wide watches of some namespaces, or of all."""
    reflectors = {
        namespace: Reflector(
            client,
            SECRETS,
            table,
            scope=Scope(namespace=namespace, fields=f"type={TLS}"),
            timing=timing,
            hooks=hooks,
        )
        for namespace in namespaces or ("",)
    }
    return TlsSecrets(table, reflectors)
