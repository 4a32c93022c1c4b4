"""Reads folders and files again and again; an object that did not change stays the same object.

A file is read when its stamp changed, a document is parsed when its text changed, and
an object that is equal to the one before is the one before. A file that does not parse
keeps the objects last read from it, and an object that does not decode its last version.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from generator.manifests.file_problems import FileProblem
from generator.manifests.files import FileContent, read_file
from generator.manifests.merge import merge_files
from generator.manifests.scan import Scan, scan
from generator.objects import EndpointSlice, Kind, KubernetesObject, Name, ObjectRef
from generator.snapshot import Origin, Snapshot


def read_manifests(paths: Sequence[Path]) -> Snapshot:
    """Read folders and files once."""
    return Folder().read(scan(paths))


class Folder:
    """The files that were read last, and the snapshot made of them."""

    def __init__(self) -> None:
        self._files: dict[Path, FileContent] = {}
        self._last = Snapshot()
        self._objects: Mapping[ObjectRef, KubernetesObject] = {}

    def read(self, seen: Scan) -> Snapshot:
        """Read what changed since the last time."""
        files = {
            path: read_file(path, stamp, self._files.get(path))
            for path, stamp in seen.files.items()
        }
        for path, file in self._files.items():
            if path not in files and any(path.is_relative_to(p) for p in seen.unreadable):
                files[path] = file
        self._files = files
        self._last = self._assemble(seen.problems)
        return self._last

    def _assemble(self, scan_problems: Iterable[FileProblem]) -> Snapshot:
        merged = merge_files(self._files)
        objects = {
            ref: _same_if_equal(self._objects.get(ref), new) for ref, new in merged.objects.items()
        }
        self._objects = objects
        origins, found = dict(merged.origins), list(merged.problems)
        file_problems = (file.problem for file in self._files.values() if file.problem)
        for problem, line in (*scan_problems, *file_problems):
            origins[problem.object] = Origin(problem.object.name.name, line)
            found.append(problem)
        return Snapshot(
            ingresses=_of_kind(objects, Kind.INGRESS),
            ingress_classes=_of_kind(objects, Kind.INGRESS_CLASS),
            services=_of_kind(objects, Kind.SERVICE),
            endpoint_slices=self._slices(_of_kind(objects, Kind.ENDPOINT_SLICE)),
            secrets=_of_kind(objects, Kind.SECRET),
            config_maps=_of_kind(objects, Kind.CONFIG_MAP),
            problems=tuple(found),
            origins=MappingProxyType(origins),
        )

    def _slices(
        self, slices: Mapping[Name, EndpointSlice]
    ) -> Mapping[Name, tuple[EndpointSlice, ...]]:
        groups: dict[Name, list[EndpointSlice]] = {}
        for name in sorted(slices):
            groups.setdefault(slices[name].service, []).append(slices[name])
        last = self._last.endpoint_slices
        return MappingProxyType(
            {service: _same_if_equal(last.get(service), tuple(g)) for service, g in groups.items()}
        )


def _of_kind(objects: Mapping[ObjectRef, KubernetesObject], kind: Kind) -> Mapping[Name, Any]:
    return MappingProxyType({ref.name: o for ref, o in objects.items() if ref.kind is kind})


def _same_if_equal(before: Any, now: Any) -> Any:  # noqa: ANN401 - any value
    return before if before is not None and before == now else now
