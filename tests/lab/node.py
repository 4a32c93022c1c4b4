"""A real node: containerd, kubelet, kube-proxy, and the controllers and scheduler they need.

Beside a `ControlPlane(flags=FLAGS)`, in a sandbox only: everything has its usual
port and place there, and what a test leaves behind, the sandbox takes along. Pods
get addresses of 10.244.0.0/24; the node is 10.77.0.1, where NodePorts and
hostPorts answer. There is no DNS and no registry: `load` gives the node its images.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

import yaml

from tests.lab import binaries, sandbox
from tests.lab.control_plane import ControlPlane
from tests.lab.errors import LabError
from tests.lab.namespace import ADDRESS
from tests.lab.process import Process
from tests.lab.waiting import eventually

NAME = "node1"
PROGRAMS = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
FLAGS = (
    "--bind-address=0.0.0.0",  # pods reach it at the node's address
    "--endpoint-reconciler-type=lease",
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
)
"""What a control plane needs to be one of a node."""

PAUSE = "localhost/pillion-pause:test"
READY_WITHIN_S = 60
POD_NETWORK = "10.244.0.0/24"
FOLDER = Path("/run/node")


class Node:
    """One node of a control plane. A context manager: Ready on entry."""

    def __init__(self, plane: ControlPlane, pause: Path) -> None:
        self._plane, self._pause = plane, pause
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        if not sandbox.is_entered():
            raise LabError("A node runs in a sandbox only: python -m tests.lab.sandbox -- ...")
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends its programs; containers and mounts end with the sandbox."""
        for process in reversed(self._running):
            process.kill()
        shutil.rmtree(FOLDER / "log", ignore_errors=True)

    def load(self, archive: Path) -> None:
        """Gives the node an image, of an archive that `podman save` wrote."""
        self._ctr("images", "import", str(archive))

    def tag(self, image: str, name: str) -> None:
        """Gives an image one more name."""
        self._ctr("images", "tag", "--force", image, name)

    def kill(self, container: str) -> None:
        """kill -9 of a container's first process, by the container's id."""
        self._ctr("tasks", "kill", "--signal=SIGKILL", container)

    def images(self) -> set[str]:
        """The names of the images that the node has."""
        return set(self._ctr("images", "list", "--quiet").split())

    def log(self, name: str) -> str:
        """What one of its programs has said."""
        return (FOLDER / "log" / f"{name}.log").read_text(errors="replace")

    def _ctr(self, *arguments: str) -> str:
        command = ["ctr", "--address", str(FOLDER / "containerd.sock"), "--namespace", "k8s.io"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"ctr {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def _start(self) -> None:
        for folder in ("log", "cni", "pods-log", "manifests"):
            (FOLDER / folder).mkdir(parents=True)
        _forward_packets()
        self._run("containerd", "containerd", "--config", _write("containerd.toml", _CONTAINERD))
        self._start_controllers()
        eventually(self._containerd_answers, within_s=READY_WITHIN_S)
        self.load(self._pause)
        self._start_kubelet()
        self._run(
            "kube-proxy",
            binaries.find("kube-proxy"),
            f"--kubeconfig={self._plane.kubeconfig_by_certificate('system:kube-proxy')}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={POD_NETWORK}",
            f"--hostname-override={NAME}",
            "--conntrack-max-per-core=0",  # the machine's own settings stay
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
            "--iptables-min-sync-period=100ms",
        )
        eventually(self._is_ready, within_s=READY_WITHIN_S)

    def _start_controllers(self) -> None:
        manager = "system:kube-controller-manager"
        self._run(
            "kube-controller-manager",
            binaries.find("kube-controller-manager"),
            f"--kubeconfig={self._plane.kubeconfig_by_certificate(manager)}",
            f"--service-account-private-key-file={self._plane.accounts_key}",
            f"--root-ca-file={self._plane.ca_certificate}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
        )
        self._run(
            "kube-scheduler",
            binaries.find("kube-scheduler"),
            f"--kubeconfig={self._plane.kubeconfig_by_certificate('system:kube-scheduler')}",
            "--leader-elect=false",
        )

    def _start_kubelet(self) -> None:
        _write("cni/10-node.conflist", json.dumps(_CNI))
        config = _KUBELET | {
            "cgroupRoot": f"/{_cgroup()}",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self._plane.ca_certificate)},
            },
        }
        user = (f"system:node:{NAME}", "system:nodes")
        self._run(
            "kubelet",
            binaries.find("kubelet"),
            f"--config={_write('kubelet.yaml', yaml.safe_dump(config))}",
            f"--kubeconfig={self._plane.kubeconfig_by_certificate(*user)}",
            f"--root-dir={FOLDER / 'kubelet'}",
            f"--cert-dir={FOLDER / 'kubelet-pki'}",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
        )

    def _run(self, name: str, *command: str | Path) -> None:
        log = FOLDER / "log" / f"{name}.log"
        self._running.append(Process.start(name, [str(each) for each in command], log))

    def _containerd_answers(self) -> bool:
        self._check_alive()
        try:
            self._ctr("images", "list")
        except LabError:
            return False
        return True

    def _is_ready(self) -> bool:
        self._check_alive()
        nodes = self._plane.admin.list("Node")
        conditions = [each for node in nodes for each in node["status"].get("conditions", [])]
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def _check_alive(self) -> None:
        for process in self._running:
            process.check_alive()


def _cgroup() -> str:
    return os.environ[sandbox.CGROUP_VARIABLE]


def _write(name: str, text: str) -> Path:
    path = FOLDER / name
    path.write_text(text)
    return path


def _forward_packets() -> None:
    """Settings of this network namespace alone."""
    for setting in ("ip_forward", "conf/all/route_localnet"):
        Path("/proc/sys/net/ipv4", setting).write_text("1")


_CONTAINERD = f"""
version = 2
root = "{FOLDER}/containerd"
state = "{FOLDER}/containerd-state"
[grpc]
  address = "{FOLDER}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{FOLDER}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""

_CNI = {
    "cniVersion": "0.4.0",
    "name": "node",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(FOLDER / "addresses"),
                "ranges": [[{"subnet": POD_NETWORK}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
        {"type": "loopback"},
    ],
}

_KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "address": ADDRESS,
    "cgroupDriver": "cgroupfs",
    "containerRuntimeEndpoint": f"unix://{FOLDER}/containerd.sock",
    "enforceNodeAllocatable": [],
    "evictionHard": {},
    "failCgroupV1": False,
    "failSwapOn": False,
    "featureGates": {"KubeletInUserNamespace": True},  # settings it may not change are no error
    "imageGCHighThresholdPercent": 100,
    "localStorageCapacityIsolation": False,  # not to be had on a file system in memory
    "podLogsDir": str(FOLDER / "pods-log"),
    "resolvConf": "",
    "syncFrequency": "5s",  # how late a changed ConfigMap is seen
    "volumePluginDir": str(FOLDER / "plugins"),
}
