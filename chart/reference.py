"""Writes README.md, values.schema.json and files/values.json from values.yaml; `make golden`.

A value is documented by the comment above it: `# -- ` begins its text, which may go on
for lines; `# @schema {...}` adds to its schema; `# @ignored why` says that it is
accepted and changes nothing. A map with such a comment is documented as a whole;
another is told by what it holds. `--check` writes nothing and exits 1 where a file
is not what it would be.
"""

# ruff: noqa: INP001 - a script, not a package

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from generator.options.catalog import BY_NAME

CHART = Path(__file__).parent
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
_COMMENT = re.compile(r"\s*# ?(.*)")


@dataclass(frozen=True)
class Value:
    """One documented value."""

    path: tuple[str, ...]
    default: Any
    text: str
    ignored: str
    schema: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it is written after `--set`."""
        return ".".join(self.path)


class Undocumented(ValueError):
    """A value without a text."""


def values(source: str) -> Iterator[Value]:
    """Return every documented value, in order."""
    lines = source.splitlines()
    yield from _values(yaml.compose(source), lines, (), yaml.safe_load(source))


def _values(
    node: Any,  # noqa: ANN401 - a YAML node
    lines: list[str],
    path: tuple[str, ...],
    defaults: dict[str, Any],
) -> Iterator[Value]:
    for key, child in node.value:
        here, default = (*path, key.value), defaults[key.value]
        comment = _comment_above(lines, key.start_mark.line)
        text = " ".join(part for kind, part in comment if kind == "text")
        if text:
            given = "".join(part for kind, part in comment if kind == "schema")
            ignored = " ".join(part for kind, part in comment if kind == "ignored")
            yield Value(here, default, text, ignored, json.loads(given or "{}"))
        elif isinstance(default, dict) and default:
            yield from _values(child, lines, here, default)
        else:
            raise Undocumented(f"values.yaml: {'.'.join(here)} has no `# -- ` above it.")


def _comment_above(lines: list[str], number: int) -> list[tuple[str, str]]:
    """Take a comment apart into what kind of line each is, and what it says."""
    first = number
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    kind, told = "", []
    for line in lines[first:number]:
        said = _COMMENT.fullmatch(line)[1]  # type: ignore[index] - it is a comment
        for mark, new in (("-- ", "text"), ("@schema ", "schema"), ("@ignored ", "ignored")):
            if said.startswith(mark):
                kind, said = new, said.removeprefix(mark)
        told.append((kind, said.strip()))
    return told


# --- values.schema.json -----------------------------------------------------------------------


def schema(found: list[Value]) -> dict[str, Any]:
    """Return what helm checks before it renders anything."""
    root: dict[str, Any] = {"type": "object", "properties": {}}
    for value in found:
        at = root
        for key in value.path[:-1]:
            at = at["properties"].setdefault(key, {"type": "object", "properties": {}})
        at["properties"][value.path[-1]] = {"description": value.text} | _checks(value)
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Pillion"} | root


def _checks(value: Value) -> dict[str, Any]:
    if value.ignored:
        return {}
    if "enum" in value.schema:
        return value.schema
    if isinstance(value.default, dict):
        return {"type": ["object", "null"]} | value.schema
    if value.default is None:
        return value.schema
    kind = _TYPES[type(value.default)]
    return {"type": [kind, "null"] if kind in {"string", "array"} else kind} | value.schema


# --- options that other controllers have --------------------------------------------------------


def _guard(default: str, effect: str, instead: str) -> dict[str, str]:
    return {"default": default, "effect": effect, "instead": instead}


_TEMPLATES = "Write it into a template by controller.templates, docs/templates.md"
_EACH_AUTH = "Set the auth- annotations on each Ingress"
_ASKED = "requests would not be checked as it says"

GUARDS = {
    "global-auth-url": _guard("", "requests would be let in unchecked", _EACH_AUTH),
    "global-auth-method": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-signin": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-signin-redirect-param": _guard("rd", _ASKED, _EACH_AUTH),
    "global-auth-response-headers": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-request-redirect": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-snippet": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-cache-key": _guard("", _ASKED, _EACH_AUTH),
    "global-auth-cache-duration": _guard("200 202 401 5m", _ASKED, _EACH_AUTH),
    "global-auth-always-set-cookie": _guard("false", _ASKED, _EACH_AUTH),
    "enable-modsecurity": _guard(
        "false",
        "requests would not be checked, for stock nginx has no ModSecurity",
        "Check them in front of the cluster, or by an nginx image of your own and templates",
    ),
    "plugins": _guard("", "what these Lua plugins do would not be done", _TEMPLATES),
    "main-snippet": _guard("", "nginx would not get it", _TEMPLATES),
    "http-snippet": _guard("", "nginx would not get it", _TEMPLATES),
    "server-snippet": _guard("", "nginx would not get it", _TEMPLATES),
    "location-snippet": _guard("", "nginx would not get it", _TEMPLATES),
    "bind-address": _guard(
        "",
        "nginx would listen on every address",
        "Close the others by a firewall, or give nginx a network of its own and a Service",
    ),
}
"""Options of ingress-nginx that would leave something open, or break traffic, where they are
ignored: their default, what would happen, and what to do. The chart refuses other values."""


# --- files/values.json ------------------------------------------------------------------------


def told(found: list[Value]) -> dict[str, Any]:
    """Return what templates go by: the values, those without effect and why, and the options.

    Of each value it says the default, or null where null means something.
    """
    known: dict[str, Any] = {}
    for value in found:
        at = known
        for key in value.path[:-1]:
            at = at.setdefault(key, {})
        nullable = "null" in value.schema.get("type", ())
        at[value.path[-1]] = [None if nullable else value.default]
    return {
        "known": known,
        "ignored": {v.name: v.ignored for v in found if v.ignored},
        "options": sorted(BY_NAME),
        "guards": GUARDS,
    }


# --- README.md --------------------------------------------------------------------------------


def tables(found: list[Value]) -> str:
    """Return a table for each part, and one for what changes nothing."""
    parts: dict[str, list[Value]] = {}
    for value in found:
        if not value.ignored:
            parts.setdefault(value.path[0] if len(value.path) > 1 else "", []).append(value)
    text = [_table(parts.pop(""), "## Values")]
    text += [_table(some, f"### {name}") for name, some in parts.items()]
    rows = [f"| `{value.name}` | {_cell(value.ignored)} |" for value in found if value.ignored]
    return "\n".join([*text, _IGNORED, *rows, ""])


_IGNORED = """### Accepted, without effect

Values files of ingress-nginx's chart may set these; `helm install` tells which of them
were set, and why they change nothing. Values that the chart does not know are told too.

| Value | Why |
| --- | --- |"""


def _table(some: list[Value], heading: str) -> str:
    rows = [
        f"| `{value.name}` | `{_cell(json.dumps(value.default))}` | {_cell(value.text)} |"
        for value in some
    ]
    return "\n".join([heading, "", "| Value | Default | |", "| --- | --- | --- |", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def written() -> dict[Path, str]:
    """Return what each file should hold."""
    found = list(values((CHART / "values.yaml").read_text()))
    template = (CHART / "README.md.template").read_text()
    return {
        CHART / "README.md": template.replace("{{ values }}\n", tables(found)),
        CHART / "values.schema.json": json.dumps(schema(found), indent=2) + "\n",
        CHART / "files" / "values.json": json.dumps(told(found), indent=1) + "\n",
    }


def main() -> int:
    """Write them, or tell which are not in step."""
    stale = [p for p, text in written().items() if not p.exists() or p.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path} is not what values.yaml says: make golden\n")
        return bool(stale)
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(written()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
