"""A thin JSON client of the apiserver, for tests.

Objects are plain dicts, as in a manifest. One connection a thread is kept open,
so that a thousand objects take seconds; the product's own client is not used
here, or it would test itself.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

Object = dict[str, Any]
"""What JSON gives; a test knows what is in it."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
CLUSTER_WIDE = frozenset({"ClusterRole", "ClusterRoleBinding", "IngressClass", "Namespace", "Node"})
API_VERSIONS = {
    "ConfigMap": "v1",
    "Endpoints": "v1",
    "Event": "v1",
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "Secret": "v1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
}


class ApiError(Exception):
    """The apiserver refused; `status` is its HTTP code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Client:
    """Speaks to one apiserver as one user, within one namespace unless told otherwise."""

    server: str
    tls: ssl.SSLContext = field(repr=False)
    token: str = field(repr=False)
    namespace: str = "default"
    _connections: threading.local = field(default_factory=threading.local, repr=False)

    def within(self, namespace: str) -> "Client":
        """The same user, in another namespace."""
        return replace(self, namespace=namespace)

    def create(self, thing: Object, *, namespace: str | None = None) -> Object:
        """POSTs an object; it goes where its metadata says, else to the client's namespace."""
        return self.request("POST", self._collection(thing["kind"], thing, namespace), thing)

    def apply(self, things: Object | str) -> list[Object]:
        """Server-side apply of an object, or of every document of a YAML text."""
        documents = yaml.safe_load_all(things) if isinstance(things, str) else [things]
        return [self._apply(thing) for thing in documents if thing]

    def create_many(self, things: Iterable[Object], *, at_once: int = 8) -> None:
        """Creates many objects, several at a time; a thousand take a few seconds."""
        with ThreadPoolExecutor(at_once) as pool:
            for _ in pool.map(self.create, things):
                pass

    def get(self, kind: str, name: str) -> Object:
        """One object; ApiError 404 when there is none."""
        return self.request("GET", self.path(kind, name))

    def list(self, kind: str, *, everywhere: bool = False) -> list[Object]:
        """The objects of a kind, here or in all namespaces."""
        path = _root(kind) if everywhere else self._collection(kind)
        return self.request("GET", path + (f"/{_plural(kind)}" if everywhere else ""))["items"]

    def patch(self, kind: str, name: str, change: Object, *, subresource: str = "") -> Object:
        """A merge patch: what is None is removed."""
        return self.request("PATCH", self.path(kind, name, subresource), change, MERGE)

    def replace(self, thing: Object, *, subresource: str = "") -> Object:
        """PUTs an object whole."""
        path = self.path(thing["kind"], thing["metadata"]["name"], subresource)
        return self.request("PUT", path, thing)

    def delete(self, kind: str, name: str) -> None:
        """Deletes one object at once."""
        self.request("DELETE", self.path(kind, name))

    def delete_all(self, kind: str) -> None:
        """Deletes every object of a kind in this namespace."""
        self.request("DELETE", self._collection(kind))

    def path(self, kind: str, name: str, subresource: str = "") -> str:
        """The URL path of an object of this namespace, or of the cluster."""
        path = f"{self._collection(kind)}/{name}"
        return f"{path}/{subresource}" if subresource else path

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content_type: str = "application/json",
        **query: str,
    ) -> Any:
        """Any request at all; the decoded answer, or an ApiError."""
        target = f"{path}?{urlencode(query)}" if query else path
        status, answer = self._exchange(
            method,
            target,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
        )
        decoded = json.loads(answer) if answer.startswith(b"{") else answer.decode()
        if status >= 400:
            raise ApiError(status, decoded["message"] if isinstance(decoded, dict) else decoded)
        return decoded

    def _apply(self, thing: Object) -> Object:
        path = f"{self._collection(thing['kind'], thing)}/{thing['metadata']['name']}"
        return self.request("PATCH", path, thing, APPLY, fieldManager="lab", force="true")

    def _collection(
        self, kind: str, thing: Object | None = None, namespace: str | None = None
    ) -> str:
        thing = thing or {}
        root = _root(kind, thing.get("apiVersion"))
        if kind in CLUSTER_WIDE:
            return f"{root}/{_plural(kind)}"
        named = thing.get("metadata", {}).get("namespace")
        return f"{root}/namespaces/{namespace or named or self.namespace}/{_plural(kind)}"

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Once more on a new connection when the kept one turns out to be dead."""
        kept = getattr(self._connections, "one", None)
        for connection in (kept, None) if kept else (None,):
            used = connection or self._connect()
            try:
                used.request(method, target, body, headers)
                response = used.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                used.close()
                self._connections.one = None
                if not connection:
                    raise
        raise AssertionError("unreachable")

    def _connect(self) -> http.client.HTTPSConnection:
        address = urlsplit(self.server).netloc
        connection = http.client.HTTPSConnection(address, context=self.tls, timeout=30)
        self._connections.one = connection
        return connection


def _root(kind: str, api_version: str | None = None) -> str:
    version = api_version or API_VERSIONS[kind]
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _plural(kind: str) -> str:
    plural = kind.lower()
    if plural.endswith(("ss", "s")) and plural != "endpoints":
        return plural + "es"
    return plural if plural == "endpoints" else plural + "s"
