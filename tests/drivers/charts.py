"""The chart as helm sees it: what it renders of values, what it refuses, what it says."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.lab import binaries

CHART = Path(__file__).parents[2] / "chart"
RELEASE, NAMESPACE = "edge", "ingress"


def rendered(values: Mapping[str, Any]) -> str:
    """What `helm template` prints."""
    return _rendered(yaml.safe_dump(dict(values)))


@cache
def _rendered(values: str) -> str:
    done = _helm("template", yaml.safe_load(values))
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What helm would apply; its tests are not among them."""
    every = [each for each in yaml.safe_load_all(rendered(values)) if each]
    return [each for each in every if "helm.sh/hook" not in each["metadata"].get("annotations", {})]


def pod_spec(values: Mapping[str, Any]) -> dict[str, Any]:
    """The controller's pods."""
    return workload(values)["spec"]["template"]["spec"]


def workload(values: Mapping[str, Any]) -> dict[str, Any]:
    """The controller's Deployment or DaemonSet."""
    return next(
        each
        for each in objects(values)
        if each["kind"] in {"Deployment", "DaemonSet"}
        and each["metadata"]["labels"]["app.kubernetes.io/component"] == "controller"
    )


def generator(values: Mapping[str, Any]) -> dict[str, Any]:
    """The container of the generator."""
    containers: list[dict[str, Any]] = pod_spec(values)["initContainers"]
    return next(each for each in containers if each["name"] == "generator")


def config_maps(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ConfigMaps with global options."""
    name = f"{RELEASE}-pillion-controller"
    every = [each for each in objects(values) if each["kind"] == "ConfigMap"]
    return [each for each in every if each["metadata"]["name"] == name]


def told() -> dict[str, Any]:
    """What templates know of values and options."""
    found: dict[str, Any] = json.loads((CHART / "files" / "values.json").read_text())
    return found


def refusal(values: Mapping[str, Any]) -> str:
    """What helm says against values."""
    done = _helm("template", values)
    assert done.returncode != 0, "helm took it"
    return done.stderr


def notes(values: Mapping[str, Any], kubeconfig: Path) -> str:
    """What an install tells; only a cluster makes helm write it."""
    done = _helm("install", values, "--dry-run=server", f"--kubeconfig={kubeconfig}")
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("NOTES:\n")[2]


def lint(values: Mapping[str, Any]) -> str:
    """What `helm lint --strict` says; empty where nothing is wrong."""
    command = [str(binaries.find("helm")), "lint", "--strict", "--quiet", str(CHART), "--values=-"]
    return _run(command, values).stdout


def _helm(verb: str, values: Mapping[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    command = [str(binaries.find("helm")), verb, RELEASE, str(CHART), f"--namespace={NAMESPACE}"]
    return _run([*command, "--values=-", *more], values)


def _run(command: list[str], values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    told = yaml.safe_dump(dict(values))
    return subprocess.run(command, input=told, capture_output=True, text=True, check=False)
