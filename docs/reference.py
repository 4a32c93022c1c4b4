"""Makes the reference pages from the code: `make golden`. A test holds them in step."""

from collections.abc import Iterator
from pathlib import Path

from generator.annotations.catalog import FEATURES
from generator.annotations.declaration import Annotation, OnError
from generator.log_events import Event as GeneratorEvent
from generator.options.catalog import GROUPS
from generator.options.declaration import Option
from generator.options.without_effect import WITHOUT_EFFECT
from generator.values.describe import described
from pillion.log_events import Event as PillionEvent
from reloader.log_events import Event as ReloaderEvent
from reloader.logs import Event as SharedEvent

HERE = Path(__file__).parent
_LONG = 60
_MEANWHILE = {
    OnError.IGNORE: "the default",
    OnError.KEEP: "what of it is valid, else the least",
    OnError.DENY: "503",
}


def pages() -> dict[Path, str]:
    """Return the text of each page that is made."""
    return {
        HERE / "annotations.md": "\n".join(annotations()),
        HERE / "options.md": "\n".join(options()),
        HERE / "logs.md": "\n".join(logs()),
    }


def annotations() -> Iterator[str]:
    """Write the page of annotations."""
    yield """# Annotations

Names stand behind the prefix `nginx.ingress.kubernetes.io/` (`--annotations-prefix`).
Values are those of ingress-nginx. A value that is none is told, with the object, the
value and the way out, and costs no more than the last column says; an annotation that
Pillion does not know is told as well. One that it does not know and that would guard
access (`auth-…`, `satisfy`) has its paths answer 503: open would be worse.
"""
    for feature in FEATURES:
        yield f"## {feature.title}\n"
        yield "| name | default | applies to | meaning | while a value is invalid |"
        yield "|---|---|---|---|---|"
        yield from (annotation_row(declared) for declared in feature.annotations)
        yield ""


def annotation_row(declared: Annotation[object]) -> str:
    """Write one annotation as a row."""
    names = "<br>".join(f"`{name}`" for name in (declared.name, *declared.aliases))
    meanwhile = _MEANWHILE[declared.on_error]
    default = declared.default
    initial = f"option `{default.name}`" if isinstance(default, Option) else described(default)
    cells = (names, initial, declared.scope.value, declared.doc, meanwhile)
    return f"| {' | '.join(cells)} |"


def options() -> Iterator[str]:
    """Write the page of global options."""
    yield """# Global options

Keys of the ConfigMap that `--configmap NAMESPACE/NAME` names, with ingress-nginx's names.
A change counts at once, without a restart. A key whose value is wrong has its default and
is told, with the value and the way out; a key that Pillion does not know is told too. An
annotation of the same name goes before the option, for its own Ingress.
"""
    for group in GROUPS:
        yield f"## {group.title}\n"
        yield "| key | default | meaning |"
        yield "|---|---|---|"
        yield from (option_row(declared) for declared in group.options)
        yield ""
    yield """## Keys of ingress-nginx without effect

| key | reason |
|---|---|"""
    yield from (f"| `{name}` | {why} |" for name, why in sorted(WITHOUT_EFFECT.items()))


def option_row(declared: Option[object]) -> str:
    """Write one option as a row."""
    names = "<br>".join(f"`{name}`" for name in (declared.name, *declared.aliases))
    shown = described(declared.default)
    default = shown if len(shown) < _LONG else "see the code"
    return f"| {names} | {default} | {declared.doc} |"


def logs() -> Iterator[str]:
    """Write the page of log events."""
    yield """# Logs

Every line on stderr is one JSON object: `timestamp` (RFC 3339, UTC), `level`, `event`,
`component`, then what belongs to the event. `event` is one of these, so it can be
searched, counted and alerted on.

nginx writes one line a request to stdout, `event` `request.served`, with the Ingress,
the Service and the rule that answered it.
"""
    for title, events in (
        ("generator", GeneratorEvent),
        ("reloader", ReloaderEvent),
        ("pillion up", PillionEvent),
        ("each of them", SharedEvent),
    ):
        yield f"## {title}\n"
        yield "| event | meaning |"
        yield "|---|---|"
        for event in events:
            yield f"| `{event}` | {event.description} |"
        yield ""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
