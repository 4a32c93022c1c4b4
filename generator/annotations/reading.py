"""From the annotations of one Ingress to typed values and problems."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct

from generator import problems
from generator.annotations import ALL, BY_NAME
from generator.annotations.declaration import Annotation, Invalid, OnError
from generator.annotations.values import describe
from generator.objects import ObjectRef
from generator.problems import Code, Problem, Problems, shown

T = TypeVar("T")

_GUARDS = ("auth-", "enable-global-auth", "satisfy")
"""Names of ingress-nginx's that guard access: unknown here, they deny rather than open."""


class Values(Struct, frozen=True):
    """The values of one Ingress; an annotation that is not set has its default."""

    given: Mapping[Annotation[Any], Any]
    """Those that are set and valid."""
    denied: bool
    """Whether one that guards access can't be obeyed."""

    def __getitem__(self, annotation: Annotation[T]) -> T:
        return cast("T", self.given.get(annotation, annotation.default))


NOTHING_ALLOWED = Values({}, denied=True)
"""Of an Ingress that may not be served: no annotation counts, and it answers 503."""


def read(annotations: Mapping[str, str], prefix: str, owner: ObjectRef) -> tuple[Values, Problems]:
    """Read every annotation under `prefix`. An empty value is an unset one."""
    texts = {
        name.removeprefix(prefix + "/"): text
        for name, text in annotations.items()
        if name.startswith(prefix + "/") and text.strip()
    }
    given: dict[Annotation[Any], Any] = {}
    found: list[Problem] = []
    denied = False
    for annotation, name, overridden in _known(texts):
        found += [_overridden(owner, alias, name) for alias in overridden]
        try:
            given[annotation] = annotation.parse(texts[name].strip())
        except Invalid as invalid:
            denied |= annotation.on_error is OnError.DENY
            found.append(_invalid(owner, name, annotation, texts[name], invalid))
    unknown = [name for name in texts if name not in BY_NAME]
    denied |= any(name.startswith(_GUARDS) for name in unknown)
    found += [_unknown(owner, name) for name in unknown]
    return Values(given, denied), tuple(found)


def _known(texts: Mapping[str, str]) -> Iterator[tuple[Annotation[object], str, list[str]]]:
    """Return each annotation that is set, the name that counts, and those that do not beside it."""
    if not texts:
        return
    for annotation in ALL:
        names = [name for name in (annotation.name, *annotation.aliases) if name in texts]
        if names:
            yield annotation, names[0], names[1:]


def _invalid(
    owner: ObjectRef, name: str, annotation: Annotation[object], text: str, invalid: Invalid
) -> Problem:
    meanwhile = (
        "its paths answer 503, since this guards access"
        if annotation.on_error is OnError.DENY
        else f"{describe(annotation.default)}, the default"
    )
    message = f"{shown(text)} is not {invalid.expected}."
    return problems.error(
        owner, name, Code.ANNOTATION_INVALID, message, invalid.hint, meanwhile=meanwhile
    )


def _overridden(owner: ObjectRef, alias: str, name: str) -> Problem:
    return problems.warning(
        owner,
        alias,
        Code.ANNOTATION_IGNORED,
        f"This older name of {name} does not count beside it.",
        "Keep one of the two.",
        meanwhile=f"{name} holds",
    )


def _unknown(owner: ObjectRef, name: str) -> Problem:
    near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.8)
    way_out = f"Did you mean {near[0]}?" if near else "Remove it, or do without what it asks for."
    guards = name.startswith(_GUARDS)
    report = problems.error if guards else problems.warning
    return report(
        owner,
        name,
        Code.ANNOTATION_UNKNOWN,
        "Pillion has no annotation of this name.",
        way_out,
        meanwhile="its paths answer 503, since this guards access"
        if guards
        else "it has no effect",
    )
