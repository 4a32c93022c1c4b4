"""Parses the text of a file into the objects that it defines.

Plain values only: no tag makes a Python object, what expands without end or is nested
too deep is refused, and annotations, labels and data are always text. YAML is read as
kubectl reads it (YAML 1.1: `yes` is a boolean).
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from msgspec import Struct
from msgspec.structs import replace
from yaml.constructor import SafeConstructor

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SEPARATOR = re.compile(r"\n---(?=\s|\Z)")
"""Begins with a letter of its own, so that the search for it in a dump of 20 MB, which holds
every thread, takes 20 ms instead of 200."""
_EMPTY = re.compile(r"(?:\s|#[^\n]*+|^%[^\n]*+|^(?:---|\.\.\.)(?=\s|$))*+", re.MULTILINE)
"""Possessive, so that a comment is read in one way only."""

_MAX_DEPTH = 60
_OPENERS = ("[", "{", "- ", "? ")
_ALIAS_NODES = 10_000
"""How many nodes aliases may add beyond one for each character."""

_TEXT_SECTIONS = (("metadata", "annotations"), ("metadata", "labels"), ("data",), ("stringData",))
_TEXT_DATA_KINDS = frozenset({"ConfigMap", "Secret"})


class ParseError(Exception):
    """The text cannot be parsed. `line` counts from 1 within it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class ValueWarning(NamedTuple):
    """A doubt about a value that was read all the same."""

    field: str
    text: str | None
    """The value as it is written; None where the key appears twice."""


class DocumentText(NamedTuple):
    """The text of one YAML document, or a whole JSON file."""

    text: str
    line: int
    """Where it begins in its file, from 1."""


class Document(Struct, frozen=True):
    """One object of a file, as plain values."""

    line: int
    """Within its text, from 1."""
    value: Mapping[str, Any]
    warnings: tuple[ValueWarning, ...] = ()
    node: yaml.Node | None = None
    """For the lines of its fields; None where only JSON's own parser could read it."""


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 where it begins as that. Raises ParseError.

    PowerShell writes UTF-16 where the output of a command is sent to a file. Each file that
    was joined into one may have its own byte order mark.
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ParseError("It is not UTF-8.", line) from error
    # YAML knows three ends of lines, and reads each as the same.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\n\ufeff", "\n")


def split_documents(text: str) -> Iterator[DocumentText]:
    """Split at the lines `---`, which nothing else in YAML can be; leave out empty documents."""
    line, start = 1, 0
    for end in [*(match.start() + 1 for match in _SEPARATOR.finditer(text)), len(text)]:
        part = text[start:end]
        if not _EMPTY.fullmatch(part):
            yield DocumentText(_without_directives(part), line)
        line += part.count("\n")
        start = end


def parse_objects(text: str) -> tuple[Document, ...]:
    """Return the objects of one document; those of a List each by itself. Raises ParseError."""
    try:
        node = _compose(text)
    except ParseError as error:
        if not text.lstrip().startswith(("{", "[")):
            raise
        return _parse_json(text, error)
    if node is None:
        return ()
    constructor = _Constructor(len(text) + _ALIAS_NODES)
    return tuple(constructor.documents(node))


def _without_directives(text: str) -> str:
    return re.sub(r"^%[^\n]*", "", text, flags=re.MULTILINE) if text.startswith("%") else text


def _compose(text: str) -> yaml.Node | None:
    # JSON may indent by tabs, YAML may not; within a JSON string a tab is written \t.
    if text.lstrip().startswith(("{", "[")):
        text = text.replace("\t", " ")
    try:
        if sum(map(text.count, _OPENERS)) > _MAX_DEPTH:
            _refuse_depth(text)
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(filter(None, (error.context, error.problem)))
        if "{{" in text:
            words += "; a template has to be rendered first"
        raise ParseError(f"This is not YAML: {words}.", mark.line + 1 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ParseError(
            f"The character {error.character!r} is not allowed in YAML.", line
        ) from error
    return node


def _refuse_depth(text: str) -> None:
    # libyaml's composer recurses in C and crashes at some 20,000 levels (PyYAML 6.0.3).
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ParseError(f"It is nested deeper than {_MAX_DEPTH} levels.", line)


def _parse_json(text: str, yaml_error: ParseError) -> tuple[Document, ...]:
    """Parse what only JSON's own parser can: escapes that libyaml does not know, and streams.

    Of several objects after each other, as kubectl and jq write them, each is one.
    """
    found: list[Document] = []
    line, end, at = 0, 0, _after_blanks(text, 0)
    while at < len(text):
        line += text.count("\n", end, at)
        try:
            value, end = _JSON.raw_decode(text, at)
        except RecursionError:
            raise yaml_error from None
        except json.JSONDecodeError as error:
            if text.lstrip().startswith("{{"):
                raise yaml_error from None
            raise ParseError(f"This is not JSON: {error.msg}.", error.lineno) from error
        if not isinstance(value, dict):
            raise ParseError(_NO_OBJECT, line + 1)
        found += (replace(d, line=d.line + line) for d in _json_objects(value))
        line += text.count("\n", at, end)
        at = _after_blanks(text, end)
    return tuple(found)


_JSON = json.JSONDecoder()
_NO_OBJECT = "This is not an object with apiVersion, kind and metadata."


def _after_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _json_objects(value: dict[str, Any]) -> Iterator[Document]:
    if not _is_list(value):
        yield Document(1, value)
        return
    for item in value["items"]:
        if isinstance(item, dict):
            yield Document(1, _list_item(item, value))


def _is_list(value: Mapping[str, Any]) -> bool:
    kind = value.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list)


def _list_item(item: Mapping[str, Any], of: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an item of an IngressList or the like with its kind, which it may leave out."""
    kind = str(of["kind"]).removesuffix("List")
    return ({"apiVersion": of.get("apiVersion"), "kind": kind} if kind else {}) | dict(item)


class _Constructor:
    """Constructs plain values from nodes, within a budget of nodes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._duplicate_keys: list[str] = []
        self._scalars = SafeConstructor()

    def documents(self, node: yaml.Node) -> Iterator[Document]:
        if not isinstance(node, yaml.MappingNode):
            raise ParseError(_NO_OBJECT, _line(node))
        items = self._items(node)
        if items is None:
            yield self._document(node)
            return
        head = {
            key.value: value.value
            for key, value in node.value
            if isinstance(value, yaml.ScalarNode) and key.value in {"apiVersion", "kind"}
        }
        for item in items.value:
            for document in self.documents(item):
                value = _list_item(document.value, head)
                yield Document(document.line, value, document.warnings, document.node)

    def _items(self, node: yaml.MappingNode) -> yaml.SequenceNode | None:
        children = {key.value: value for key, value in node.value if _is_text(key)}
        kind, items = children.get("kind"), children.get("items")
        is_list = isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List")
        return items if is_list and isinstance(items, yaml.SequenceNode) else None

    def _document(self, node: yaml.MappingNode) -> Document:
        self._duplicate_keys = []
        value = self._mapping(node, 1)
        warnings = [ValueWarning(field, None) for field in self._duplicate_keys]
        for section in _TEXT_SECTIONS:
            if section[0] == "metadata" or value.get("kind") in _TEXT_DATA_KINDS:
                warnings += self._read_as_text(node, value, section)
        return Document(_line(node), value, tuple(warnings), node)

    def _read_as_text(
        self, node: yaml.Node, plain: dict[str, Any], section: tuple[str, ...]
    ) -> Iterator[ValueWarning]:
        """Replace numbers and the like by their text; an absent value (`key:`) is empty text."""
        texts: Any = plain
        for key in section:
            child = child_of(node, key)
            if child is None:
                return
            node, texts = child, texts[key]
        if not (isinstance(node, yaml.MappingNode) and isinstance(texts, dict)):
            return
        is_annotation = section[-1] == "annotations"
        for key_node, child in node.value:
            key = key_node.value
            if not isinstance(child, yaml.ScalarNode) or _is_text(child) or key not in texts:
                continue
            was_null = texts[key] is None
            texts[key] = "" if was_null else child.value
            if not was_null and not child.tag.endswith("timestamp"):
                field = key.rpartition("/")[2] if is_annotation else ".".join((*section, key))
                yield ValueWarning(field, child.value)

    def _plain(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 - any plain value
        self._budget -= 1
        if self._budget < 0:
            raise ParseError(
                "Its aliases (*name) expand to more than a manifest may hold.", _line(node)
            )
        if depth > _MAX_DEPTH:
            raise ParseError(f"It is nested deeper than {_MAX_DEPTH} levels.", _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        return [self._plain(item, depth + 1) for item in node.value]

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ParseError("A key is not plain text.", _line(key))
            plain = self._plain(value, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                for part in reversed(plain if isinstance(plain, list) else [plain]):
                    merged |= part if isinstance(part, dict) else {}
                continue
            if key.value in own:
                self._duplicate_keys.append(key.value)
            own[key.value] = plain
        return merged | own

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - any plain value
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str" | "timestamp":
                return node.value
            case "null":
                return None
            case "bool":
                return self._scalars.construct_yaml_bool(node)
            # 1:30 is a number in YAML 1.1, but not to kubectl.
            case "int" | "float" if ":" in node.value:
                return node.value
            case "int":
                return self._number(node, self._scalars.construct_yaml_int)
            case "float":
                return self._number(node, self._scalars.construct_yaml_float)
        raise ParseError(f"The tag {node.tag} is not allowed in a manifest.", _line(node))

    def _number(self, node: yaml.ScalarNode, read: Any) -> Any:  # noqa: ANN401 - PyYAML's method
        try:
            return read(node)
        except ValueError:
            return node.value


def child_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of a key; the last one, as it counts."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
