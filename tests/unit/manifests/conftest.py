"""A folder of manifests: texts in, a snapshot out."""

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from generator.manifests import Locator
from generator.manifests.folder import Folder
from generator.manifests.scan import scan
from generator.objects import Ingress, Name
from generator.snapshot import Snapshot


@dataclass
class Manifests:
    """A folder that tests write to and read from."""

    path: Path
    folder: Folder = field(init=False)

    def __post_init__(self) -> None:
        self.folder = Folder()

    def write(self, text: str, file: str = "a.yaml") -> None:
        (self.path / file).parent.mkdir(parents=True, exist_ok=True)
        (self.path / file).write_text(dedent(text))

    def read(self) -> Snapshot:
        return self.folder.read(scan([self.path]))

    def of(self, text: str) -> Snapshot:
        self.write(text)
        return self.read()

    def findings(self, text: str) -> list[str]:
        """The problems of this text, as `line field: message`."""
        snapshot = self.of(text)
        locator = Locator(snapshot)
        found = [(locator.locate(problem), problem) for problem in snapshot.problems]
        return [f"{at.line if at else '?'} {p.field}: {p.message}" for at, p in found]


@pytest.fixture
def manifests(tmp_path):
    return Manifests(tmp_path)


def ingress(snapshot: Snapshot, name: str = "web") -> Ingress:
    return snapshot.ingresses[Name("default", name)]


def written(name: str = "web", port: str = "80", annotation: str = "a") -> str:
    """An Ingress as it is written today."""
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: {annotation}
spec:
  rules:
  - host: {name}.test
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: web, port: {{number: {port}}}}}}}
"""
