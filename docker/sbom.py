"""Writes the parts list of the image it runs in: Python distributions and Debian packages.

CycloneDX as JSON on stdout, without times or random numbers, so that the same
image has the same list.
"""

# ruff: noqa: INP001 - a script, not a package

import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_DPKG = Path("/var/lib/dpkg/status")


def main(name: str, folder: str) -> None:
    """List what `folder` and Debian hold, for the image `name`."""
    bom = Bom(components=sorted([*distributions(folder), *packages()], key=str))
    bom.metadata.component = Component(name=name, type=ComponentType.CONTAINER, bom_ref=name)
    told = json.loads(JsonV1Dot6(bom).output_as_string())
    del told["serialNumber"], told["metadata"]["timestamp"]
    json.dump(told, sys.stdout, indent=1)


def distributions(folder: str) -> Iterator[Component]:
    """Return what pip has installed there."""
    for found in metadata.distributions(path=[folder]):
        yield _library("pypi", found.name.lower().replace("_", "-"), found.version)


def packages() -> Iterator[Component]:
    """Return what dpkg has installed."""
    for paragraph in _DPKG.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status") == "install ok installed":
            yield _library("deb", fields["Package"], fields["Version"], namespace="debian")


def _library(kind: str, name: str, version: str, namespace: str | None = None) -> Component:
    url = PackageURL(type=kind, namespace=namespace, name=name, version=version)
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=url.to_string()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
