"""A dump of a cluster is read item by item, to the same objects and lines."""

import json
import textwrap

import pytest
import yaml

from generator.manifests import Locator, files, read_manifests
from generator.manifests.documents import DocumentText, parse_objects
from generator.manifests.folder import Folder
from generator.manifests.lists import split_list
from generator.manifests.scan import scan
from generator.objects import Name
from generator.problems import Code

from .conftest import written

NAMES = "abc"


def objects():
    return [yaml.safe_load(written(name)) for name in NAMES]


def as_kubectl_yaml(margin=""):
    items = textwrap.indent(yaml.safe_dump(objects()), margin)
    return f'apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: ""\n'


def as_kubectl_json(indent=4):
    value = {"apiVersion": "v1", "items": objects(), "kind": "List", "metadata": {}}
    return json.dumps(value, indent=indent)


LISTS = {
    "yaml": as_kubectl_yaml(),
    "indented yaml": as_kubectl_yaml("  "),
    "yaml after a comment": "# a dump\n---\n" + as_kubectl_yaml(),
    "json": as_kubectl_json(),
    "json on one line": as_kubectl_json(None),
}


def dump_of(text):
    return DocumentText(text, 1)


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_the_items_of_a_list_are_what_the_whole_says_and_stand_where_it_says(text):
    items = split_list(dump_of(text))
    found = [(i.line + o.line - 1, o.value) for i in items for o in parse_objects(i.text)]
    assert len(items) == len(NAMES)
    assert found == [(each.line, each.value) for each in parse_objects(text)]


NO_LISTS = {
    "a typed list": as_kubectl_yaml().replace("kind: List", "kind: IngressList"),
    "no kind": as_kubectl_yaml().replace("kind: List", "type: List"),
    "items twice": as_kubectl_yaml() + "items: []\n",
    "a mistake around the items": as_kubectl_yaml() + "]\n",
    "json of another kind": as_kubectl_json().replace('"List"', '"Lists"'),
    "json that ends early": as_kubectl_json()[:-40],
    "json with items twice": as_kubectl_json()[:-1] + ',"items":[]}',
    "json nested too deep": '{"apiVersion":"v1","items":[' + "[" * 100_000,
    "empty json": '{"apiVersion":"v1","items":[],"kind":"List"}',
}


@pytest.mark.parametrize("text", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_plain_list_is_read_as_a_whole(text):
    assert split_list(dump_of(text)) == ()


def test_an_alias_of_another_item_is_read(manifests):
    first, second = (written(name) for name in "ab")
    snapshot = manifests.of(
        "apiVersion: v1\nkind: List\nitems:\n"
        + textwrap.indent(first, "  ").replace("  apiVersion", "- apiVersion", 1)
        + "  x: &x {k: v}\n"
        + textwrap.indent(second, "  ").replace("  apiVersion", "- apiVersion", 1)
        + "  y: *x\n"
    )
    assert [name.name for name in snapshot.ingresses] == ["a", "b"]


def test_text_that_looks_like_an_item_is_not_one(manifests):
    snapshot = manifests.of(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n"
        '  data: {"a": "one\n- two"}\n'
    )
    assert snapshot.config_maps[Name("default", "c")].data == {"a": "one - two"}


def test_a_mistake_in_an_item_is_told_with_its_line(manifests):
    (problem,) = manifests.of("apiVersion: v1\nkind: List\nitems:\n- a: 1\n- b: [\n").problems
    snapshot = read_manifests([manifests.path])
    assert problem.code is Code.FILE_UNREADABLE
    assert [origin.line for origin in snapshot.origins.values()] == [6]


def test_the_line_of_a_field_of_an_item_is_found(manifests):
    text = as_kubectl_yaml().replace("pathType: Prefix", "pathType: ''", 3)
    snapshot = manifests.of(text)
    locator = Locator(snapshot)
    lines = [n for n, line in enumerate(text.splitlines(), 1) if "pathType" in line]
    assert {locator.locate(problem).line for problem in snapshot.problems} == {*lines}


def test_only_items_that_changed_are_parsed_anew(manifests, monkeypatch):
    parsed, decode = [], files._decode
    monkeypatch.setattr(files, "_decode", lambda part: parsed.append(part) or decode(part))
    folder = Folder()
    manifests.write(as_kubectl_yaml())
    folder.read(scan([manifests.path]))
    parsed.clear()
    manifests.write("# moved by a line\n" + as_kubectl_yaml().replace("name: b", "name: bb"))
    snapshot = folder.read(scan([manifests.path]))
    assert [name.name for name in snapshot.ingresses] == ["a", "bb", "c"]
    assert len(parsed) == 1


def test_releases_of_helm_are_passed_over(manifests):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sh.helm.release.v1.a.v1"}}
    secret |= {"type": "helm.sh/release.v1", "data": {"release": "not base64!"}}
    snapshot = manifests.of(json.dumps(secret))
    assert not snapshot.secrets
    assert not snapshot.problems
