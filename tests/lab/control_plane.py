"""etcd and kube-apiserver on loopback, ready in seconds, gone without a trace.

Authentication by token and by client certificate, authorization by RBAC. There
are no controllers: nothing makes EndpointSlices of Services, and nothing cleans
up a deleted Namespace (`delete_namespace` does). `Node` brings them.
"""

import json
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import yaml

from tests.lab import binaries, pki
from tests.lab.client import ApiError, Client, Object
from tests.lab.errors import LabError
from tests.lab.ports import free_port
from tests.lab.process import Process

SERVICE_NETWORKS = "10.96.0.0/16,fd00:10:96::/112"
NAMES = ("127.0.0.1", "::1", "localhost", "kubernetes", "kubernetes.default.svc", "10.96.0.1")
READY_WITHIN_S = 60
CONTENTS = ("Ingress", "Service", "EndpointSlice", "Secret", "ConfigMap", "Lease", "Event")


@dataclass(frozen=True)
class User:
    """Someone with a token that the apiserver knows from its start."""

    name: str
    token: str
    groups: tuple[str, ...] = ()


ADMIN = User("admin", "admin-token", ("system:masters",))
NOBODY = User("nobody", "nobody-token")
"""Known, and allowed nothing beyond what every user is."""


class ControlPlane:
    """A Kubernetes without nodes. A context manager: started on entry, removed on exit."""

    def __init__(self, users: tuple[User, ...] = (), flags: tuple[str, ...] = ()) -> None:
        self._users = {user.name: user for user in (ADMIN, NOBODY, *users)}
        self._flags = flags
        self._etcd_port, self._peer_port, self.port = free_port(), free_port(), free_port()
        self._authority = pki.Authority()
        self._etcd: Process | None = None
        self._apiserver: Process | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="pillion-lab-"))
        try:
            self._write_pki()
            self._etcd = self._start_etcd()
            self.start_apiserver()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def server(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def accounts_key(self) -> Path:
        """Signs the tokens of ServiceAccounts."""
        return self._folder / "accounts.key"

    @property
    def ca_certificate(self) -> Path:
        """What clients trust."""
        return self._folder / "ca.crt"

    @cached_property
    def admin(self) -> Client:
        """May do anything."""
        return self.client(ADMIN.token)

    def client(self, token: str) -> Client:
        """Speaks as whoever has that token."""
        return Client(
            self.server, ssl.create_default_context(cafile=str(self.ca_certificate)), token
        )

    # Credentials

    def kubeconfig(self, user: str = ADMIN.name, *, token: str = "") -> Path:
        """A kubeconfig for a user by name, or for a token (as of `service_account`)."""
        return self._kubeconfig({"token": token or self._users[user].token})

    def kubeconfig_by_certificate(self, user: str, *groups: str) -> Path:
        """A kubeconfig for any user at all, made up on the spot, by client certificate."""
        pair = self._authority.issue(common_name=user, organizations=groups)
        crt, key = pair.write(Path(tempfile.mkdtemp(dir=self._folder)), "client")
        return self._kubeconfig({"client-certificate": str(crt), "client-key": str(key)})

    def service_account(self, name: str, namespace: str, rules: list[Object]) -> str:
        """A new ServiceAccount that may do this in its namespace and nothing else; its token."""
        return self._service_account(name, namespace, rules, role="Role")

    def cluster_service_account(self, name: str, namespace: str, rules: list[Object]) -> str:
        """The same with rules that hold in the whole cluster."""
        return self._service_account(name, namespace, rules, role="ClusterRole")

    def kubectl(self, *arguments: str, stdin: str = "", user: str = ADMIN.name) -> str:
        """What the real kubectl prints; an AssertionError with its message when it fails."""
        command = [str(binaries.find("kubectl")), "--kubeconfig", str(self.kubeconfig(user))]
        done = subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Namespaces

    def create_namespace(self, name: str) -> Client:
        """A new namespace, as a client for it."""
        self.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return self.admin.within(name)

    def delete_namespace(self, name: str) -> None:
        """Removes it and what tests put into it; the namespace controller is not there to."""
        within = self.admin.within(name)
        for kind in CONTENTS:
            within.delete_all(kind)
        self.admin.delete("Namespace", name)
        namespace = self.admin.get("Namespace", name) | {"spec": {"finalizers": []}}
        self.admin.replace(namespace, subresource="finalize")

    # Faults

    def kill_apiserver(self) -> None:
        """kill -9: connections are refused until `start_apiserver`. etcd keeps the state."""
        if self._apiserver:
            self._apiserver.kill()

    def start_apiserver(self) -> None:
        """Starts it, on the same port as ever, and waits until it is ready."""
        self._apiserver = self._launch_apiserver()
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            self._apiserver.check_alive()
            if time.monotonic() > deadline:
                raise LabError(f"kube-apiserver is not ready after {READY_WITHIN_S} s.")
            time.sleep(0.05)

    def restart_apiserver(self) -> None:
        """Kills and starts it: every watch breaks, the watch cache is new."""
        self.kill_apiserver()
        self.start_apiserver()

    def freeze_apiserver(self) -> None:
        """It keeps its connections and says nothing, until `thaw_apiserver`."""
        if self._apiserver:
            self._apiserver.signal(signal.SIGSTOP)

    def thaw_apiserver(self) -> None:
        """Lets it go on."""
        if self._apiserver:
            self._apiserver.signal(signal.SIGCONT)

    def forget_history(self) -> None:
        """Compacts etcd and restarts the apiserver: older resourceVersions are 410 Gone."""
        revision = self._etcd_call("range", {"key": "AA=="})["header"]["revision"]
        self._etcd_call("compaction", {"revision": revision, "physical": True})
        self.restart_apiserver()

    @contextmanager
    def etcd_goes_back(self) -> Iterator[None]:
        """After the block etcd holds what it held before, as restored from a backup."""
        data, backup = self._folder / "etcd", self._folder / "backup"
        etcd = self._etcd
        assert etcd is not None, "not started"
        etcd.signal(signal.SIGSTOP)
        shutil.copytree(data, backup)
        etcd.signal(signal.SIGCONT)
        yield
        self.kill_apiserver()
        etcd.kill()
        shutil.rmtree(data)
        backup.rename(data)
        self._etcd = self._start_etcd()
        self.start_apiserver()

    def stop(self) -> None:
        """Ends both and removes their folder."""
        for process in (self._apiserver, self._etcd):
            if process:
                process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    # The processes

    def _start_etcd(self) -> Process:
        clients, peers = (f"http://127.0.0.1:{p}" for p in (self._etcd_port, self._peer_port))
        command = [str(binaries.find("etcd")), f"--data-dir={self._folder / 'etcd'}"]
        command += [f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"]
        command += [f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"]
        command += [f"--initial-cluster=default={peers}", "--unsafe-no-fsync"]
        return Process.start("etcd", command, self._folder / "etcd.log")

    def _launch_apiserver(self) -> Process:
        folder = self._folder
        flags = {
            "etcd-servers": f"http://127.0.0.1:{self._etcd_port}",
            "bind-address": "127.0.0.1",
            "secure-port": str(self.port),
            "advertise-address": "10.77.0.1",  # must not be loopback; nobody connects to it
            "endpoint-reconciler-type": "none",
            "tls-cert-file": str(folder / "api.crt"),
            "tls-private-key-file": str(folder / "api.key"),
            "client-ca-file": str(self.ca_certificate),
            "token-auth-file": str(folder / "tokens.csv"),
            "authorization-mode": "Node,RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-signing-key-file": str(self.accounts_key),
            "service-account-key-file": str(folder / "accounts.pub"),
            "service-cluster-ip-range": SERVICE_NETWORKS,
            "kubelet-client-certificate": str(folder / "kubelet-client.crt"),
            "kubelet-client-key": str(folder / "kubelet-client.key"),
            "enable-priority-and-fairness": "false",  # tests create a thousand objects at once
            "etcd-compaction-interval": "0",  # only `forget_history` compacts
        }
        command = [str(binaries.find("kube-apiserver"))]
        command += [f"--{name}={value}" for name, value in flags.items()] + list(self._flags)
        return Process.start("kube-apiserver", command, folder / "kube-apiserver.log")

    def _is_ready(self) -> bool:
        """Ready, and with the namespace that every cluster has; that one comes a little later."""
        try:
            self.admin.request("GET", "/readyz")
            self.admin.get("Namespace", "default")
        except (OSError, ApiError):
            return False
        return True

    def _etcd_call(self, name: str, body: Object) -> Object:
        """etcd's JSON gateway."""
        url = f"http://127.0.0.1:{self._etcd_port}/v3/kv/{name}"
        with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=10) as answer:
            return json.loads(answer.read())

    # Files

    def _write_pki(self) -> None:
        self.ca_certificate.write_text(self._authority.certificate)
        self._authority.issue(*NAMES).write(self._folder, "api")
        # whom a kubelet lets in, for `kubectl logs` and `kubectl exec`
        to_kubelets = self._authority.issue(
            common_name="kube-apiserver", organizations=("system:masters",)
        )
        to_kubelets.write(self._folder, "kubelet-client")
        key = pki.new_key()
        self.accounts_key.write_text(pki.key_pem(key))
        (self._folder / "accounts.pub").write_text(pki.public_pem(key))
        lines = [
            f'{u.token},{u.name},{u.name},"{",".join(u.groups)}"\n' for u in self._users.values()
        ]
        (self._folder / "tokens.csv").write_text("".join(lines))

    def _kubeconfig(self, credentials: Object) -> Path:
        cluster = {"server": self.server, "certificate-authority": str(self.ca_certificate)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": credentials}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "current-context": "lab",
        }
        path = Path(tempfile.mkdtemp(dir=self._folder)) / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def _service_account(self, name: str, namespace: str, rules: list[Object], role: str) -> str:
        within, group = self.admin.within(namespace), "rbac.authorization.k8s.io"
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        metadata = {"name": name if role == "Role" else f"{namespace}-{name}"}
        head = {"apiVersion": f"{group}/v1", "metadata": metadata}
        within.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        within.create(head | {"kind": role, "rules": rules})
        reference = {"apiGroup": group, "kind": role, "name": metadata["name"]}
        within.create(
            head | {"kind": f"{role}Binding", "roleRef": reference, "subjects": [subject]}
        )
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = within.path("ServiceAccount", name, "token")
        return within.request("POST", path, request)["status"]["token"]
