"""Mistakes in manifests: how each is reported, and which objects stay."""

import pytest

from generator.manifests import read_manifests
from generator.manifests.scan import scan
from generator.objects import Name
from tests.drivers.odd_files import put

from .conftest import ingress, written

OLD = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            written(port='"80"'),
            "14 spec.rules[0].http.paths[0].backend.service.port.number: "
            '"80" is not a whole number.',
        ),
        (written(name="Web"), '4 metadata.name: "Web" is not a valid name of an object.'),
        (
            written(annotation="false"),
            "6 rewrite-target: false is not text in YAML, and Kubernetes",
        ),
        (written(annotation="0644"), "6 rewrite-target: 0644 is not text in YAML, and Kubernetes"),
        (
            written().replace("Prefix", "Foo"),
            '13 spec.rules[0].http.paths[0].pathType: "Foo" is not one of',
        ),
        (
            written().replace("pathType: Prefix", "# -"),
            "12 spec.rules[0].http.paths[0].pathType: It is missing, and Kubernetes",
        ),
        (written().replace("io/v1", "io/v7"), '1 apiVersion: "networking.k8s.io/v7" is not a sup'),
        (OLD, "1 apiVersion: Kubernetes has not served extensions/v1beta1 since 1.22."),
        (f"{SECRET}data: {{a: '?'}}", "4 data.a: It is not base64."),
        ("a: [1\nb: 2\n", "2 : This is not YAML: while parsing a flow sequence, did not find"),
        ("# values\na: 1\n", "2 : The document at line 2 has no apiVersion and kind."),
        ("- a\n- b\n", "1 : This is not an object with apiVersion, kind and metadata."),
        ("a: !!python/object:os.system x\n", "1 : The tag tag:yaml.org,2002:python/object"),
        ('{"a":\n\t"\\ud83d\\ude00"', "2 : This is not JSON"),
        ("a: 1\n\x00", "2 : The character 0 is not allowed in YAML."),
        ("{{- if .Values.on }}\na: 1\n", "1 : This is not YAML: while parsing a flow node, did"),
        (f"{OLD}spec: {{}}\nspec: {{}}\n", '4 spec: The key "spec" appears twice.'),
    ],
)
def test_a_mistake_is_reported_with_its_line(manifests, text, expected):
    assert any(line.startswith(expected) for line in manifests.findings(text)), manifests.findings(
        text
    )


def test_the_text_of_an_unquoted_annotation_is_what_counts(manifests):
    snapshot = manifests.of(written(annotation="yes"))
    assert list(ingress(snapshot).metadata.annotations.values()) == ["yes"]
    assert snapshot.problems[0].advice.startswith('Quote it: "yes".')


def test_a_document_that_cannot_be_decoded_costs_itself_alone(manifests):
    snapshot = manifests.of(f"{written('a', port='x')}---\n{written('b')}")
    assert [name.name for name in snapshot.ingresses] == ["b"]


def test_an_object_that_cannot_be_decoded_any_more_stays_as_it_was(manifests):
    before = ingress(manifests.of(written()))
    snapshot = manifests.of(written(port="x"))
    assert ingress(snapshot) is before
    assert [p.code for p in snapshot.problems] == ["object-invalid"]
    manifests.write(f"{written(port='x')}# still\n")
    assert ingress(manifests.read()) is before


def test_a_file_that_does_not_parse_keeps_its_objects_and_the_others_go_on(manifests):
    manifests.write(written("a"), "a.yaml")
    manifests.write(written("b"), "b.yaml")
    manifests.read()
    manifests.write("a: [", "a.yaml")
    manifests.write(written("c"), "b.yaml")
    snapshot = manifests.read()
    assert [name.name for name in snapshot.ingresses] == ["a", "c"]
    assert [p.code for p in snapshot.problems] == ["file-unreadable"]


def test_an_object_that_is_taken_out_is_gone(manifests):
    manifests.of(f"{written('a')}---\n{written('b')}")
    assert [name.name for name in manifests.of(written("b")).ingresses] == ["b"]


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 100_000,
        "- " * 50_000 + "x",
        "a: &a [*a]",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ],
    ids=["deep", "deeper", "itself", "laughs"],
)
def test_what_expands_without_end_is_refused(manifests, bomb):
    (problem,) = manifests.of(bomb).problems
    assert problem.code == "file-unreadable"


def test_a_file_that_is_too_large_is_not_even_opened(manifests):
    with (manifests.path / "a.yaml").open("wb") as file:
        file.truncate(65 << 20)
    (problem,) = manifests.read().problems
    assert problem.message == "It is larger than 64 MiB. Split it into several."


@pytest.mark.parametrize("kind", ["fifo", "socket", "zeros"])
def test_what_is_no_file_is_told_and_costs_itself_alone(kind, manifests):
    manifests.write(written())
    put(kind, manifests.path / "b.yaml")
    snapshot = manifests.read()
    assert list(snapshot.ingresses) == [Name("default", "web")]
    assert [p.message for p in snapshot.problems] == ["It is not a regular file."]


@pytest.mark.parametrize("kind", ["fifo", "socket", "zeros", "holes", "folder", "loop"])
def test_a_file_that_becomes_another_before_it_is_read_is_not_waited_for(kind, manifests):
    manifests.write(written())
    seen = scan([manifests.path])
    put(kind, manifests.path / "a.yaml")
    snapshot = manifests.folder.read(seen)
    assert not snapshot.ingresses
    assert [p.code for p in snapshot.problems] == ["file-unreadable"]


def test_a_link_to_a_whole_disk_is_not_followed_to_its_end(manifests, monkeypatch):
    monkeypatch.setattr("generator.manifests.scan.MAX_FOLDERS", 5)
    for number in range(7):
        (manifests.path / "linked" / str(number)).mkdir(parents=True)
    found = scan([manifests.path])
    assert len(found.folders) == 6
    assert [p.problem.message for p in found.problems] == [
        "There are more than 10000 files of manifests, or 5 folders."
    ]


def test_an_empty_folder_says_what_belongs_into_it(manifests):
    (problem,) = manifests.read().problems
    assert problem.severity == "warning"
    assert problem.message == "There is no manifest in it."


def test_a_missing_folder_is_said_to_be_missing(tmp_path):
    (problem,) = read_manifests([tmp_path / "nowhere"]).problems
    assert problem.message == "It does not exist."


def test_a_folder_that_goes_away_keeps_what_it_gave(manifests):
    manifests.of(written())
    manifests.path.rename(manifests.path.with_name("elsewhere"))
    assert ingress(manifests.read())


@pytest.mark.parametrize("section", ["stringData", "data"])
def test_what_a_secret_holds_is_never_shown(section, manifests):
    text = f"{SECRET}{section}: {{password: 8675309}}\n"
    shown = " ".join(f"{p.message} {p.advice}" for p in manifests.of(text).problems)
    assert "not text in YAML" in shown
    assert "8675309" not in shown
