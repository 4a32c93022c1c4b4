"""What a user of the cluster runs behind Ingresses: echo servers as Deployments."""

from tests.lab import images
from tests.lab.client import Client, Object
from tests.lab.objects import service
from tests.lab.waiting import eventually

STARTED_WITHIN_S = 60


def echo(name: str, replicas: int = 1) -> list[Object]:
    """A Deployment of `tests.lab.backend`, and its Service from port 80 to 8080."""
    labels = {"app": name}
    container = {
        "name": "echo",
        "image": images.backend().reference,
        "imagePullPolicy": "Never",
        "args": [f"--name={name}"],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
        },
    }
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return [deployment, service(name, selector=labels, ports=ports)]


def run_echo(client: Client, name: str) -> None:
    """Runs one in the client's namespace, and returns once it is ready."""
    for thing in echo(name):
        client.apply(thing)

    def is_ready() -> bool:
        path = f"/apis/apps/v1/namespaces/{client.namespace}/deployments/{name}"
        return bool(client.request("GET", path)["status"].get("readyReplicas"))

    eventually(is_ready, within_s=STARTED_WITHIN_S, every_s=0.2)
