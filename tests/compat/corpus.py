"""The corpus: manifests and requests, and what ingress-nginx v1.15.1 answered to them.

`cases/NAME.yaml` has cases in short forms, `answers/NAME.json` the recorded answers of each
case in the order of its requests, field by field. A case's namespace is `c-` and its name,
its host, where nothing else is said, its name and `.test`.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
AUTH, MIRROR = "10.77.0.20:28080", "10.77.0.21:28080"

Request = dict[str, Any]
Fields = dict[str, Any]
"""An answer: `status`, `headers.location`, `echo.backend` and so on."""


@dataclass(frozen=True)
class Case:
    """Some Ingresses of one namespace, and requests to them in order."""

    name: str
    requests: list[Request]
    ingresses: list[dict[str, Any]] = field(default_factory=list)
    extra: list[dict[str, Any]] = field(default_factory=list)
    """Other objects, in short forms."""
    use: list[str] = field(default_factory=list)
    """Standard Services that nothing else names."""
    config: dict[str, Any] = field(default_factory=dict)
    """Global options."""
    tcp: dict[str, str] | None = None
    isolated: bool = False
    """Whether it has the cluster for itself."""
    ordered: bool = False
    """Whether each Ingress is a second younger than the one before."""
    proxy_protocol: str = ""
    """What comes before every request, without the word PROXY."""

    @property
    def namespace(self) -> str:
        return f"c-{self.name}"

    @property
    def group(self) -> tuple[bool, bool, str]:
        """Cases of one group are in the cluster together; those without options come first."""
        alone = self.name if self.isolated else ""
        shared = json.dumps([self.config, self.tcp], sort_keys=True)
        return (bool(self.config), self.isolated, f"{shared} {alone}")


@cache
def cases() -> tuple[Case, ...]:
    """Every case, by groups."""
    found = [case for file in sorted((HERE / "cases").glob("*.yaml")) for case in _read(file)]
    return tuple(sorted(found, key=lambda case: case.group))


@cache
def expected() -> dict[str, list[Fields]]:
    """What ingress-nginx answered, by the names of cases."""
    files = sorted((HERE / "answers").glob("*.json"))
    return {name: said for file in files for name, said in json.loads(file.read_text()).items()}


def _read(file: Path) -> list[Case]:
    found = []
    for each in yaml.load(file.read_text(), yaml.CSafeLoader):
        name = each["name"]
        table = {"@HOST@": f"{name}.test", "@NS@": f"c-{name}", "@AUTH@": AUTH, "@MIRROR@": MIRROR}
        found.append(Case(**_filled(each, table)))
    return found


def _filled(value: Any, table: dict[str, str]) -> Any:
    """Put the values of a case in the places of their names."""
    if isinstance(value, dict):
        return {_filled(k, table): _filled(v, table) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(each, table) for each in value]
    if isinstance(value, str):
        for name, text in table.items():
            value = value.replace(name, text)
    return value
