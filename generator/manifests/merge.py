"""Merges the documents of all files into objects, their origins and their problems."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from generator.manifests.decoding import WITHOUT_KIND
from generator.manifests.file_problems import duplicate_object, kind_missing
from generator.manifests.files import FileContent
from generator.objects import EndpointSlice, KubernetesObject, ObjectRef, file_ref
from generator.problems import Problem
from generator.snapshot import Origin


class MergedFiles(Struct, frozen=True):
    """The objects of all files, where each stands, and the problems of their documents."""

    objects: dict[ObjectRef, KubernetesObject]
    origins: dict[ObjectRef, Origin]
    problems: list[Problem]


def merge_files(files: Mapping[Path, FileContent]) -> MergedFiles:
    """Merge all files; of two documents that define one object, the last one counts."""
    objects: dict[ObjectRef, KubernetesObject] = {}
    origins: dict[ObjectRef, Origin] = {}
    found: list[Problem] = []
    mirrored: dict[ObjectRef, EndpointSlice] = {}
    for path, file in files.items():
        for entry in file.entries:
            decoded, origin = entry.decoded, Origin(str(path), entry.line)
            if decoded is WITHOUT_KIND:
                ref = file_ref(path)
                origins.setdefault(ref, origin)
                found.append(kind_missing(ref, entry.line))
                continue
            if decoded.ref in origins:
                found.append(duplicate_object(decoded.ref, origins[decoded.ref], origin))
            origins[decoded.ref] = origin
            found += decoded.problems
            good = decoded if decoded.objects else file.last_good.get(decoded.ref, decoded)
            for ref, each in good.objects:
                if isinstance(each, EndpointSlice) and ref != decoded.ref:
                    mirrored[ref] = each
                else:
                    objects[ref] = each
    sliced = {o.service for o in objects.values() if isinstance(o, EndpointSlice)}
    # A cluster mirrors Endpoints into slices; a dump of it holds both.
    objects |= {ref: o for ref, o in mirrored.items() if o.service not in sliced}
    return MergedFiles(objects, origins, found)
