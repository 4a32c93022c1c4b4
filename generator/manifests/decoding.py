"""Decodes the documents of a file into typed objects, or problems where that is impossible."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from generator import problems
from generator.decode_errors import decode_problem, invalid_object
from generator.manifests.documents import Document, ValueWarning
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
    file_ref,
)
from generator.problems import Code, Problem, Problems, shown

_UNNAMED = "(unnamed)"
_RELEASE_OF_HELM = "helm.sh/release.v1"
"""Secrets that no Ingress can name, most of what a dump of a cluster weighs."""


class DecodedDocument(Struct, frozen=True):
    """The objects of one document, mostly one, and its problems."""

    ref: ObjectRef
    """The object that the document defines."""
    objects: tuple[tuple[ObjectRef, KubernetesObject], ...]
    """Empty where it cannot be decoded."""
    problems: Problems = ()


class _Schema(Struct, frozen=True):
    """The type and versions of one kind of one API group."""

    kind: Kind
    type: type[KubernetesObject]
    current: str
    """The version that needs no conversion; empty for a group without one."""
    older: Mapping[str, Callable[[Plain], Plain]] = {}
    replacement: str = ""
    """The apiVersion to write instead of an older one."""
    removed_in: str = ""
    """The Kubernetes release that no longer serves the older ones."""


_NETWORKING = "networking.k8s.io"
_INGRESS_V1BETA1 = {"v1beta1": ingress_to_v1}

_SCHEMAS: Mapping[tuple[str, str], _Schema] = {
    (_NETWORKING, "Ingress"): _Schema(
        Kind.INGRESS, Ingress, "v1", _INGRESS_V1BETA1, f"{_NETWORKING}/v1", "1.22"
    ),
    ("extensions", "Ingress"): _Schema(
        Kind.INGRESS, Ingress, "", _INGRESS_V1BETA1, f"{_NETWORKING}/v1", "1.22"
    ),
    (_NETWORKING, "IngressClass"): _Schema(
        Kind.INGRESS_CLASS, IngressClass, "v1", {"v1beta1": unchanged}, f"{_NETWORKING}/v1", "1.22"
    ),
    ("", "Service"): _Schema(Kind.SERVICE, Service, "v1"),
    ("", "Endpoints"): _Schema(Kind.ENDPOINT_SLICE, EndpointSlice, "v1"),
    ("discovery.k8s.io", "EndpointSlice"): _Schema(
        Kind.ENDPOINT_SLICE,
        EndpointSlice,
        "v1",
        {"v1beta1": unchanged},
        "discovery.k8s.io/v1",
        "1.25",
    ),
    ("", "Secret"): _Schema(Kind.SECRET, Secret, "v1"),
    ("", "ConfigMap"): _Schema(Kind.CONFIG_MAP, ConfigMap, "v1"),
}


WITHOUT_KIND = DecodedDocument(file_ref(""), ())
"""Stands for a document without apiVersion and kind."""


def decode_document(document: Document) -> DecodedDocument | None:
    """Decode one document; return None for a kind that is not read."""
    value = document.value
    api_version, kind = value.get("apiVersion"), str(value.get("kind") or "")
    if not (api_version and kind):
        return WITHOUT_KIND
    group, _, version = str(api_version).rpartition("/")
    schema = _SCHEMAS.get((group, kind))
    if schema is None or (kind == "Secret" and value.get("type") == _RELEASE_OF_HELM):
        return None
    value, ref = _with_namespace(value, schema.kind)
    if version != schema.current and version not in schema.older:
        return DecodedDocument(ref, (), (_unknown_version(ref, schema, value),))
    found = [_value_problem(ref, warning) for warning in document.warnings]
    if version in schema.older:
        found.append(_removed_version(ref, schema, value))
        value = schema.older[version](value)
    found += _path_type_problems(ref, value)
    try:
        _check_name(ref)
        written = endpoints_to_slices(value) if kind == "Endpoints" else [_prepared(value, kind)]
        objects = [convert(each, schema.type) for each in written]
    except msgspec.ValidationError as error:
        return DecodedDocument(ref, (), (*found, decode_problem(ref, error, value)))
    except _InvalidField as error:
        return DecodedDocument(ref, (), (*found, error.problem(ref)))
    refs = [ObjectRef(schema.kind, each.name) for each in objects]
    return DecodedDocument(ref, tuple(zip(refs, objects, strict=True)), tuple(found))


class _InvalidField(Exception):
    """A field that msgspec does not check has a wrong value."""

    def __init__(self, field: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.field, self.message, self.hint = field, message, hint

    def problem(self, ref: ObjectRef) -> Problem:
        return invalid_object(ref, self.field, self.message, self.hint)


def _with_namespace(value: Plain, kind: Kind) -> tuple[Plain, ObjectRef]:
    """Fill in the namespace that kubectl would; return the reference of the object too."""
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
        raise _InvalidField(
            "metadata.namespace",
            f"{shown(namespace)} is not a valid name of a namespace.",
            "Use lower-case letters, digits and dashes, at most 63.",
        )
    if name != _UNNAMED and not is_subdomain(name):
        raise _InvalidField(
            "metadata.name",
            f"{shown(name)} is not a valid name of an object.",
            "Use lower-case letters, digits, dashes and dots.",
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
        raise _InvalidField(
            f"data.{key}", "It is not base64.", "Encode it, or move the plain text to stringData."
        ) from None


def _value_problem(ref: ObjectRef, value: ValueWarning) -> Problem:
    if value.text is None:
        message = f'The key "{value.field}" appears twice.'
        hint, meanwhile = "Keep one of the two.", "the last one counts"
    elif ref.kind is Kind.SECRET:
        message = "The value is not text in YAML, and Kubernetes refuses the object."
        hint, meanwhile = "Put it in quotes.", "it is read as text"
    else:
        message = f"{value.text} is not text in YAML, and Kubernetes refuses the object."
        hint, meanwhile = f'Quote it: "{value.text}".', f'it is read as "{value.text}"'
    return problems.warning(
        ref, value.field, Code.VALUE_NOT_TEXT, message, hint, meanwhile=meanwhile
    )


def _removed_version(ref: ObjectRef, schema: _Schema, value: Plain) -> Problem:
    return problems.warning(
        ref,
        "apiVersion",
        Code.API_VERSION_REMOVED,
        f"Kubernetes has not served {value.get('apiVersion')} since {schema.removed_in}.",
        f"Write {schema.replacement}.",
        meanwhile=f"it is converted to {schema.replacement}",
    )


def _unknown_version(ref: ObjectRef, schema: _Schema, value: Plain) -> Problem:
    group = str(value["apiVersion"]).rpartition("/")[0]
    written = f'"{value.get("apiVersion")}"'
    current = f"{group}/{schema.current}" if group else schema.current
    return problems.error(
        ref,
        "apiVersion",
        Code.OBJECT_INVALID,
        f"{written} is not a supported version of {value.get('kind')}.",
        f"Write {schema.replacement or current}.",
        meanwhile="the object is left out",
    )


def _path_type_problems(ref: ObjectRef, value: Plain) -> Iterable[Problem]:
    """Report paths without a pathType, which are read here but refused by an apiserver."""
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
        return  # reported when it is decoded
