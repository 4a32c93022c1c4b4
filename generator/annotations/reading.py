"""From the annotations of one Ingress to typed values and problems."""

from collections.abc import Mapping, Sequence
from typing import Any

from generator import problems
from generator.annotations.catalog import BY_NAME
from generator.annotations.declaration import SHUT, Annotation, OnError, Values
from generator.objects import ObjectRef
from generator.options.declaration import GlobalValues
from generator.problems import Code, Problem, Problems, shown
from generator.values.declared import did_you_mean, settings_in
from generator.values.describe import described
from generator.values.invalid import Invalid

_GUARDS = ("auth-", "enable-global-auth", "satisfy")
"""Names of ingress-nginx's that guard access: unknown here, they deny rather than open."""
_MOST_UNKNOWN = 10
"""Told by name, those that deny first: comparing names to find what was meant takes time."""

NOTHING_ALLOWED = Values({}, denied=True)
"""Of an Ingress that may not be served: no annotation counts, and it answers 503."""


def read(
    annotations: Mapping[str, str], prefix: str, owner: ObjectRef, options: GlobalValues
) -> tuple[Values, Problems]:
    """Read every annotation under `prefix`. An empty value is an unset one."""
    texts = {
        name.removeprefix(prefix + "/"): text
        for name, text in annotations.items()
        if name.startswith(prefix + "/") and text.strip()
    }
    given: dict[Annotation[Any], Any] = {}
    values = Values(given, denied=False, options=options)
    found: list[Problem] = []
    denied = False
    for annotation, name, overridden in settings_in(texts, BY_NAME):
        found += [
            problems.older_name(owner, alias, name, Code.ANNOTATION_IGNORED) for alias in overridden
        ]
        try:
            given[annotation] = annotation.parse(texts[name].strip())
        except Invalid as invalid:
            denied |= annotation.on_error is OnError.DENY
            if annotation.on_error is OnError.KEEP:
                given[annotation] = invalid.kept
            meanwhile = _meanwhile(annotation, values)
            found.append(_invalid(owner, name, texts[name], invalid, meanwhile))
    unknown = sorted(name for name in texts if name not in BY_NAME)
    unknown.sort(key=lambda name: not name.startswith(_GUARDS))
    denied |= any(name.startswith(_GUARDS) for name in unknown)
    found += [_unknown(owner, name) for name in unknown[:_MOST_UNKNOWN]]
    if more := unknown[_MOST_UNKNOWN:]:
        found.append(_more_unknown(owner, more))
    return Values(given, denied, options), tuple(found)


def _invalid(owner: ObjectRef, name: str, text: str, invalid: Invalid, meanwhile: str) -> Problem:
    message = f"{shown(text)} is not {invalid.expected}."
    return problems.error(
        owner, name, Code.ANNOTATION_INVALID, message, invalid.hint, meanwhile=meanwhile
    )


def _meanwhile(annotation: Annotation[Any], values: Values) -> str:
    if annotation.on_error is OnError.DENY:
        return SHUT
    if annotation.on_error is OnError.KEEP:
        return f"{described(values[annotation])} holds"
    return f"{described(values.default_of(annotation))}, the default"


def _unknown(owner: ObjectRef, name: str) -> Problem:
    guards = name.startswith(_GUARDS)
    report = problems.error if guards else problems.warning
    return report(
        owner,
        name,
        Code.ANNOTATION_UNKNOWN,
        "Pillion has no annotation of this name.",
        did_you_mean(name, BY_NAME) or "Remove it, or do without what it asks for.",
        meanwhile=SHUT if guards else "it has no effect",
    )


def _more_unknown(owner: ObjectRef, names: Sequence[str]) -> Problem:
    guard = names[0].startswith(_GUARDS)
    report = problems.error if guard else problems.warning
    return report(
        owner,
        "metadata.annotations",
        Code.ANNOTATION_UNKNOWN,
        f"Of {len(names)} more annotations Pillion does not know the names.",
        "Remove them, or do without what they ask for.",
        meanwhile="its paths answer 503, since some guard access"
        if guard
        else "they have no effect",
    )
