"""From the annotations of one Ingress to typed values and problems."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from string import ascii_uppercase
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


def _folded(name: str) -> str:
    """Return a name without what differs in most misspellings; comparing letters takes time."""
    return name.translate(_FOLDS)


_FOLDS = str.maketrans({**{c: c.lower() for c in ascii_uppercase}, "-": None, "_": None})
_DENYING = {
    _folded(spelled): name
    for name, found in BY_NAME.items()
    if found.on_error is OnError.DENY
    for spelled in (name, f"{name}s", name.removesuffix("s"))
}
"""Names of those that guard access: unknown annotations of such a name deny too."""
_OLD_PREFIX = "ingress.kubernetes.io"
"""ingress-nginx's before 0.9."""
_MOST_SLIPS = 2
_NEAR = 0.93
"""One or two letters of a prefix."""
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
    guards = {name for name in unknown if name.startswith(_GUARDS) or _folded(name) in _DENYING}
    guards |= {name for name in unknown[:_MOST_UNKNOWN] if did_you_mean(name, _DENYING.values())}
    unknown.sort(key=lambda name: name not in guards)
    found += [_unknown(owner, name, guards=name in guards) for name in unknown[:_MOST_UNKNOWN]]
    if more := unknown[_MOST_UNKNOWN:]:
        found.append(_more_unknown(owner, more, guards=more[0] in guards))
    found += _of_other_prefixes(annotations, prefix, owner)
    return Values(given, denied or bool(guards), options), tuple(found)


def _of_other_prefixes(
    annotations: Mapping[str, str], prefix: str, owner: ObjectRef
) -> Iterator[Problem]:
    """Report annotations of ours under a prefix that is ingress-nginx's older one, or a typo."""
    others = sorted(key for key in annotations if not key.startswith(prefix + "/"))
    apart = [key.rpartition("/") for key in others]
    meant = [(other, name) for other, _, name in apart if name in BY_NAME]
    near = {other for other, _ in meant if other == _OLD_PREFIX or _is_near(other, prefix)}
    for other, name in [each for each in meant if each[0] in near][:_MOST_UNKNOWN]:
        yield problems.warning(
            owner,
            f"{other}/{name}",
            Code.ANNOTATION_UNKNOWN,
            f"Annotations are read under {prefix}/ alone.",
            f"Did you mean {prefix}/{name}?",
            meanwhile="it has no effect",
        )


def _is_near(prefix: str, other: str) -> bool:
    lengths = abs(len(prefix) - len(other))
    return lengths <= _MOST_SLIPS and SequenceMatcher(None, prefix, other).ratio() >= _NEAR


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


def _unknown(owner: ObjectRef, name: str, *, guards: bool) -> Problem:
    report = problems.error if guards else problems.warning
    return report(
        owner,
        name,
        Code.ANNOTATION_UNKNOWN,
        "Pillion has no annotation of this name.",
        did_you_mean(name.lower().replace("_", "-"), BY_NAME)
        or "Remove it, or do without what it asks for.",
        meanwhile=SHUT if guards else "it has no effect",
    )


def _more_unknown(owner: ObjectRef, names: Sequence[str], *, guards: bool) -> Problem:
    report = problems.error if guards else problems.warning
    return report(
        owner,
        "metadata.annotations",
        Code.ANNOTATION_UNKNOWN,
        f"Of {len(names)} more annotations Pillion does not know the names.",
        "Remove them, or do without what they ask for.",
        meanwhile="its paths answer 503, since some guard access"
        if guards
        else "they have no effect",
    )
