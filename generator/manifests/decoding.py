"""Makes typed objects of what a file writes down, and problems of what it cannot."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from generator import problems
from generator.decode_errors import invalid_object, undecoded
from generator.manifests.documents import Document, Remark
from generator.manifests.versions import Plain, endpoints_to_slices, ingress_to_v1, unchanged
from generator.names import is_label, is_subdomain
from generator.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    IngressClass,
    Kind,
    KubernetesObject,
    Name,
    ObjectRef,
    Secret,
    Service,
    convert,
)
from generator.problems import Code, Problem, Problems, shown

_UNNAMED = "(unnamed)"


class Decoded(Struct, frozen=True):
    """What one document gives: mostly one object."""

    ref: ObjectRef
    """The object that the document writes down."""
    objects: tuple[tuple[ObjectRef, KubernetesObject], ...]
    """Empty where it cannot be decoded."""
    problems: Problems = ()


class _Reading(Struct, frozen=True):
    """How one kind of one API group is read."""

    kind: Kind
    type: type[KubernetesObject]
    current: str
    """The version that needs no translation; empty for a group that has none."""
    older: Mapping[str, Callable[[Plain], Plain]] = {}
    instead: str = ""
    """What to write instead of an older version."""
    gone_since: str = ""
    """The Kubernetes that serves the older ones no more."""


_NETWORKING = "networking.k8s.io"
_INGRESS_V1BETA1 = {"v1beta1": ingress_to_v1}

_READINGS: Mapping[tuple[str, str], _Reading] = {
    (_NETWORKING, "Ingress"): _Reading(
        Kind.INGRESS, Ingress, "v1", _INGRESS_V1BETA1, f"{_NETWORKING}/v1", "1.22"
    ),
    ("extensions", "Ingress"): _Reading(
        Kind.INGRESS, Ingress, "", _INGRESS_V1BETA1, f"{_NETWORKING}/v1", "1.22"
    ),
    (_NETWORKING, "IngressClass"): _Reading(
        Kind.INGRESS_CLASS, IngressClass, "v1", {"v1beta1": unchanged}, f"{_NETWORKING}/v1", "1.22"
    ),
    ("", "Service"): _Reading(Kind.SERVICE, Service, "v1"),
    ("", "Endpoints"): _Reading(Kind.ENDPOINT_SLICE, EndpointSlice, "v1"),
    ("discovery.k8s.io", "EndpointSlice"): _Reading(
        Kind.ENDPOINT_SLICE,
        EndpointSlice,
        "v1",
        {"v1beta1": unchanged},
        "discovery.k8s.io/v1",
        "1.25",
    ),
    ("", "Secret"): _Reading(Kind.SECRET, Secret, "v1"),
    ("", "ConfigMap"): _Reading(Kind.CONFIG_MAP, ConfigMap, "v1"),
}


KINDLESS = Decoded(ObjectRef(Kind.FILE, Name("", "")), ())
"""What comes of a document that does not say what it is."""


def decode_document(document: Document) -> Decoded | None:
    """Decode one document; None where it is of a kind that is not read."""
    value = document.value
    if not (value.get("apiVersion") and value.get("kind")):
        return KINDLESS
    group, _, version = str(value.get("apiVersion") or "").rpartition("/")
    kind = str(value.get("kind") or "")
    reading = _READINGS.get((group, kind))
    if reading is None:
        return None
    value, ref = _with_namespace(value, reading.kind)
    if version != reading.current and version not in reading.older:
        return Decoded(ref, (), (_unknown_version(ref, reading, value),))
    found = [_remarked(ref, remark) for remark in document.remarks]
    if version in reading.older:
        found.append(_old_version(ref, reading, value))
        value = reading.older[version](value)
    found += _refused_elsewhere(ref, value)
    try:
        _check_name(ref)
        written = endpoints_to_slices(value) if kind == "Endpoints" else [_prepared(value, kind)]
        objects = [convert(each, reading.type) for each in written]
    except msgspec.ValidationError as error:
        return Decoded(ref, (), (*found, undecoded(ref, error, value)))
    except _NotDecoded as error:
        return Decoded(ref, (), (*found, error.problem(ref)))
    refs = [ObjectRef(reading.kind, each.name) for each in objects]
    return Decoded(ref, tuple(zip(refs, objects, strict=True)), tuple(found))


class _NotDecoded(Exception):
    def __init__(self, field: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.field, self.message, self.hint = field, message, hint

    def problem(self, ref: ObjectRef) -> Problem:
        return invalid_object(ref, self.field, self.message, self.hint)


def _with_namespace(value: Plain, kind: Kind) -> tuple[Plain, ObjectRef]:
    """Fill in the namespace that kubectl would, and say which object it is."""
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping):
        return value, ObjectRef(kind, Name("default", _UNNAMED))
    namespace = "" if kind is Kind.INGRESS_CLASS else metadata.get("namespace") or "default"
    name = str(metadata.get("name") or _UNNAMED)
    changed = {**value, "metadata": {**metadata, "namespace": namespace}}
    return changed, ObjectRef(kind, Name(str(namespace), name))


def _check_name(ref: ObjectRef) -> None:
    namespace, name = ref.name
    if namespace and not is_label(namespace):
        raise _NotDecoded(
            "metadata.namespace",
            f"{shown(namespace)} is not a name of a namespace.",
            "Use lower case letters, digits and dashes, at most 63.",
        )
    if name != _UNNAMED and not is_subdomain(name):
        raise _NotDecoded(
            "metadata.name",
            f"{shown(name)} is not a name of an object.",
            "Use lower case letters, digits, dashes and dots.",
        )


def _prepared(value: Plain, kind: str) -> Plain:
    if kind != "Secret":
        return value
    data, text = value.get("data") or {}, value.get("stringData") or {}
    if not (isinstance(data, Mapping) and isinstance(text, Mapping)):
        return value
    decoded = {key: _base64(key, content) for key, content in data.items() if content is not None}
    decoded |= {key: str(content).encode() for key, content in text.items() if content is not None}
    return {**value, "data": decoded}


def _base64(key: str, content: object) -> bytes:
    try:
        return base64.b64decode("".join(str(content).split()), validate=True)
    except (binascii.Error, ValueError):
        raise _NotDecoded(
            f"data.{key}", "It is not base64.", "Encode it, or move it as it is to stringData."
        ) from None


def _remarked(ref: ObjectRef, remark: Remark) -> Problem:
    if remark.text is None:
        message = f'The key "{remark.field}" stands twice.'
        hint, meanwhile = "Keep one of the two.", "the last one counts"
    elif ref.kind is Kind.SECRET:
        message = "What it holds is not text to YAML, and Kubernetes refuses the object."
        hint, meanwhile = "Put it between quotes.", "it is read as text"
    else:
        message = f"{remark.text} is not text to YAML, and Kubernetes refuses the object."
        hint, meanwhile = f'Quote it: "{remark.text}".', "it is read as that text"
    return problems.warning(
        ref, remark.field, Code.VALUE_NOT_TEXT, message, hint, meanwhile=meanwhile
    )


def _old_version(ref: ObjectRef, reading: _Reading, value: Plain) -> Problem:
    return problems.warning(
        ref,
        "apiVersion",
        Code.API_VERSION_REMOVED,
        f"Kubernetes has not served {value.get('apiVersion')} since {reading.gone_since}.",
        f"Write {reading.instead}.",
        meanwhile="it is read as that",
    )


def _unknown_version(ref: ObjectRef, reading: _Reading, value: Plain) -> Problem:
    group = str(value.get("apiVersion") or "").rpartition("/")[0]
    written = f'"{value.get("apiVersion")}"'
    instead = reading.instead or (f"{group}/{reading.current}" if group else reading.current)
    return problems.error(
        ref,
        "apiVersion",
        Code.OBJECT_INVALID,
        f"{written} is not a version of {value.get('kind')} that is read.",
        f"Write {instead}.",
        meanwhile="the object is left out",
    )


def _refused_elsewhere(ref: ObjectRef, value: Plain) -> Iterable[Problem]:
    """Tell what is read here, but refused by an apiserver."""
    if ref.kind is not Kind.INGRESS:
        return
    for rule, path, fields in _paths(value):
        if not fields.get("pathType"):
            yield problems.warning(
                ref,
                f"spec.rules[{rule}].http.paths[{path}].pathType",
                Code.PATH_INVALID,
                "It is missing, and Kubernetes refuses the object.",
                "Write Prefix or Exact.",
                meanwhile="ImplementationSpecific",
            )


def _paths(value: Any) -> Iterable[tuple[int, int, Plain]]:  # noqa: ANN401 - any plain value
    try:
        for number, rule in enumerate(value["spec"]["rules"]):
            paths = (rule.get("http") or {}).get("paths") or ()
            yield from ((number, i, path) for i, path in enumerate(paths) if path.get)
    except (KeyError, TypeError, AttributeError):
        return  # told when it is decoded
