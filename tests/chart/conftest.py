"""The chart's cases, and a control plane for what only an apiserver knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.charts import NAMESPACE
from tests.lab.control_plane import ControlPlane

GOLDEN = Path(__file__).parent / "golden"


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        cases = sorted(path.parent for path in GOLDEN.glob("*/values.yaml"))
        metafunc.parametrize("case", cases, ids=lambda case: case.name)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A kube-apiserver that holds a new namespace, and knows the Prometheus operator's kinds."""
    with ControlPlane() as started:
        started.create_namespace(NAMESPACE)
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        started.admin.within(NAMESPACE).create(account)  # by a controller that is not here
        for kind in ("ServiceMonitor", "PrometheusRule"):
            started.kubectl("apply", "--filename=-", stdin=_definition(kind))
        crd = "customresourcedefinitions.apiextensions.k8s.io"
        started.kubectl("wait", crd, "--all", "--for=condition=Established", "--timeout=30s")
        yield started


def _definition(kind: str) -> str:
    """A stand-in for the operator's: any content."""
    plural = kind.lower() + "s"
    return f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.monitoring.coreos.com
spec:
  group: monitoring.coreos.com
  names: {{kind: {kind}, plural: {plural}}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
"""
