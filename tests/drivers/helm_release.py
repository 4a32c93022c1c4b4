"""Pillion as its users install it: helm, on a real node, from the chart of this tree."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.drivers.keepalive_clients import Clients, Tally
from tests.drivers.web import Web
from tests.lab import binaries
from tests.lab.client import Client, Object
from tests.lab.control_plane import ControlPlane
from tests.lab.namespace import ADDRESS
from tests.lab.node import Node
from tests.lab.waiting import eventually

CHART = Path(__file__).parents[2] / "chart"
SETTLED_WITHIN_S = 90
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Ran:
    """What a command in a container came to."""

    status: int
    output: str
    """Both streams."""


@dataclass
class Release:
    """One release. `install` returns once it serves."""

    plane: ControlPlane
    name: str = "pillion"
    namespace: str = "pillion"
    values: dict[str, Any] = field(default_factory=dict)
    """What the last install or upgrade was given."""

    @property
    def api(self) -> Client:
        """The admin's client in the release's namespace."""
        return self.plane.admin.within(self.namespace)

    @property
    def selector(self) -> str:
        """Picks the controller's pods."""
        return f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component=controller"

    # What a user does

    def install(self, values: Values | None = None) -> None:
        """`helm install` with these values and no others."""
        self.values = dict(values or {})
        self._helm("install", self.name, str(CHART), "--create-namespace", *self._given())
        self.wait_settled()

    def upgrade(self, values: Values | None = None) -> None:
        """`helm upgrade` to these values and no others."""
        self.values = dict(values or {})
        self._helm("upgrade", self.name, str(CHART), *self._given())
        self.wait_settled()

    def uninstall(self) -> None:
        """`helm uninstall`, until its last object is gone."""
        self._helm("uninstall", self.name, "--wait", "--timeout=120s")
        eventually(lambda: not self.pods(), within_s=SETTLED_WITHIN_S)

    def test(self) -> str:
        """`helm test`; what helm says of it. Its pod is gone once it has succeeded."""
        return self._helm("test", self.name, "--timeout=120s")

    # What there is

    @property
    def workload(self) -> Object:
        """The controller's Deployment or DaemonSet."""
        found = self._get("deployments,daemonsets")
        assert len(found) == 1, [each["metadata"]["name"] for each in found]
        return found[0]

    def pods(self) -> list[Object]:
        """The controller's pods, those that are ending too."""
        return self._get("pods")

    def pod_names(self) -> list[str]:
        """The names of those that stay."""
        every = [pod["metadata"] for pod in self.pods()]
        return [each["name"] for each in every if "deletionTimestamp" not in each]

    def pod(self) -> str:
        """The name of one of them."""
        return self.pod_names()[0]

    def service(self) -> Object:
        """The Service that traffic comes in by."""
        ports = {"http", "https"}
        found = [
            each
            for each in self._get("services")
            if ports <= {port.get("name") for port in each["spec"]["ports"]}
        ]
        assert len(found) == 1, [each["metadata"]["name"] for each in found]
        return found[0]

    def web(self) -> Web:
        """Its outside: the NodePorts of its Service."""
        ports = {port["name"]: port["nodePort"] for port in self.service()["spec"]["ports"]}
        return Web(ports["http"], ports["https"], address=ADDRESS)

    def each_pod(self) -> list[Web]:
        """The outside of each pod that stays, by its own address."""
        staying = [pod for pod in self.pods() if "deletionTimestamp" not in pod["metadata"]]
        return [Web(80, 443, address=pod["status"]["podIP"]) for pod in staying]

    def load(self, host: str, path: str = "/") -> AbstractContextManager[Tally]:
        """Keep-alive clients at the NodePort, as long as the `with`."""
        return Clients(self.web().http_port, host, path, address=ADDRESS).running()

    def container(self, name: str, pod: str = "") -> Object:
        """The status of one container."""
        told = self.api.get("Pod", pod or self.pod())["status"]
        every = told.get("containerStatuses", []) + told.get("initContainerStatuses", [])
        return next(each for each in every if each["name"] == name)

    def logs(self, container: str, pod: str = "") -> list[str]:
        """The lines that `kubectl logs` gives."""
        told = self._kubectl("logs", pod or self.pod(), f"--container={container}")
        return told.splitlines()

    def run(self, container: str, *command: str, pod: str = "") -> Ran:
        """A command within a container, by `kubectl exec`."""
        full = [str(binaries.find("kubectl")), f"--kubeconfig={self.plane.kubeconfig()}"]
        full += [f"--namespace={self.namespace}", "exec", pod or self.pod()]
        full += [f"--container={container}", "--", *command]
        done = subprocess.run(full, capture_output=True, text=True, check=False, timeout=60)
        return Ran(done.returncode, done.stdout + done.stderr)

    def variant(self, name: str, values: Values) -> str:
        """A pod as these values make it, without traffic; its name, once it runs."""
        objects = rendered(values, name=self.name, namespace=self.namespace)
        (spec,) = [
            each["spec"]["template"]["spec"]
            for each in objects
            if each["metadata"]["name"] == self.workload["metadata"]["name"] and _has_pods(each)
        ]
        metadata = {"name": name, "labels": {"variant-of": self.name}}
        self.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

        def is_ready() -> bool:
            told = self.api.get("Pod", name)["status"].get("conditions", [])
            return any(each["type"] == "Ready" and each["status"] == "True" for each in told)

        eventually(is_ready, within_s=SETTLED_WITHIN_S, every_s=0.2)
        return name

    # What befalls it

    def kill(self, node: Node, container: str) -> None:
        """kill -9 of a container's first process; returns once another runs and is ready."""
        pod, before = self.pod(), self.container(container)
        node.kill(before["containerID"].removeprefix("containerd://"))

        def is_back() -> bool:
            now = self.container(container, pod)
            return bool(now["ready"]) and now["containerID"] != before["containerID"]

        eventually(is_back, within_s=SETTLED_WITHIN_S, every_s=0.2)

    def wait_settled(self) -> None:
        """The newest revision runs, all replicas are ready, and no old pod is left."""
        eventually(self._is_settled, within_s=SETTLED_WITHIN_S, every_s=0.2)

    def wait_served(self, url: str) -> None:
        """Every pod answers it with 200."""
        eventually(
            lambda: {web.status(url) for web in self.each_pod()} == {200},
            within_s=SETTLED_WITHIN_S,
            every_s=0.1,
        )

    def _is_settled(self) -> bool:
        workload, pods = self.workload, self.pods()
        told = workload["status"]
        if workload["kind"] == "DaemonSet":
            wanted, fields = (
                told["desiredNumberScheduled"],
                ("updatedNumberScheduled", "numberReady"),
            )
        else:
            wanted, fields = workload["spec"]["replicas"], ("updatedReplicas", "readyReplicas")
        return (
            told.get("observedGeneration", 0) >= workload["metadata"]["generation"]
            and all(told.get(each, 0) == wanted for each in fields)
            and len(pods) == wanted
        )

    def _get(self, resource: str) -> list[Object]:
        told = self._kubectl("get", resource, f"--selector={self.selector}", "--output=json")
        return json.loads(told)["items"]

    def _kubectl(self, *arguments: str) -> str:
        return self.plane.kubectl(f"--namespace={self.namespace}", *arguments)

    def _given(self) -> list[str]:
        path = Path(tempfile.mkstemp(prefix="values-", suffix=".yaml")[1])
        path.write_text(yaml.safe_dump(self.values))
        return [f"--values={path}"]

    def _helm(self, *arguments: str) -> str:
        command = [str(binaries.find("helm")), f"--kubeconfig={self.plane.kubeconfig()}"]
        command += [f"--namespace={self.namespace}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout


def rendered(
    values: Values | None = None, *, name: str = "pillion", namespace: str = "pillion"
) -> list[Object]:
    """What `helm template` makes of the chart."""
    command = [str(binaries.find("helm")), "template", name, str(CHART), "--values=-"]
    done = subprocess.run(
        [*command, f"--namespace={namespace}"],
        input=yaml.safe_dump(dict(values or {})),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def images_by_container(objects: list[Object]) -> dict[str, str]:
    """What each container of these objects' pods runs."""
    specs = [each["spec"]["template"]["spec"] for each in objects if _has_pods(each)]
    containers = [
        container
        for spec in specs
        for container in spec["containers"] + spec.get("initContainers", [])
    ]
    return {container["name"]: container["image"] for container in containers}


def _has_pods(thing: Object) -> bool:
    return "template" in thing.get("spec", {})
