"""What a folder's text becomes."""

import json

import pytest
import yaml

from generator.manifests import read_manifests
from generator.objects import Kind, Name, ObjectRef, PathType

from .conftest import ingress, written


def test_several_documents_of_a_file_are_several_objects(manifests):
    snapshot = manifests.of(f"# shop\n---\n{written('a')}---\n\n---\n{written('b')}...\n")
    assert [str(name) for name in snapshot.ingresses] == ["default/a", "default/b"]


def test_the_items_of_a_list_are_objects_with_their_own_lines(manifests):
    items = "".join(f"- {written(n)}".replace("\n", "\n  ").rstrip() + "\n" for n in "ab")
    snapshot = manifests.of(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert [o.line for o in snapshot.origins.values()] == [4, 18]


def test_the_items_of_a_typed_list_need_not_say_what_they_are(manifests):
    snapshot = manifests.of("""\
        apiVersion: v1
        kind: ServiceList
        items:
        - metadata: {name: web, namespace: shop}
    """)
    assert list(snapshot.services) == [Name("shop", "web")]


def test_json_may_be_indented_by_tabs_and_have_any_escape(manifests):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"a": "😀"},
    }
    manifests.write(json.dumps(service, indent="\t"), "service.json")
    manifests.write(json.dumps(config), "config.json")
    snapshot = manifests.read()
    assert list(snapshot.services) == [Name("default", "web")]
    assert snapshot.config_maps[Name("default", "c")].data == {"a": "😀"}


def names(snapshot):
    return [name.name for name in snapshot.ingresses]


@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\n---\n"])
def test_objects_of_json_may_follow_each_other_and_have_their_own_lines(between, manifests):
    given = [yaml.safe_load(written(name)) for name in ("a", "b")]
    text = between.join(json.dumps(each, indent=1) for each in given)
    manifests.write(text + "\n", "a.json")
    snapshot = manifests.read()
    assert names(snapshot) == ["a", "b"]
    second = text.index("}{") + 1 if not between else text.rindex("\n{") + 1
    assert snapshot.problems == ()
    assert max(o.line for o in snapshot.origins.values()) == text.count("\n", 0, second) + 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_file_may_be_written_by_any_system(ending, encoding, manifests):
    text = f"# größe\n{written('a')}--- # more\n{written('b')}".replace("\n", ending)
    (manifests.path / "a.yaml").write_bytes(text.encode(encoding))
    snapshot = manifests.read()
    assert (snapshot.problems, names(snapshot)) == ((), ["a", "b"])


@pytest.mark.parametrize("separator", ["---\n\ufeff", "\ufeff---\n"])
def test_files_that_were_joined_keep_their_byte_order_marks(separator, manifests):
    snapshot = manifests.of(f"\ufeff{written('a')}{separator}{written('b')}")
    assert (snapshot.problems, names(snapshot)) == ((), ["a", "b"])


def test_what_editors_leave_beside_a_file_is_passed_over(manifests):
    manifests.write(written("real"), "a.yaml")
    beside = (".a.yaml.swp", "#a.yaml#", "4913", "a.yaml.bak", "a.yaml.orig", "a.yaml___jb_tmp___")
    for file in beside:
        manifests.write(written("backup"), file)
    (manifests.path / ".#a.yaml").symlink_to("me@machine.1234:5678")
    snapshot = manifests.read()
    assert (snapshot.problems, names(snapshot)) == ((), ["real"])


def test_kinds_that_are_not_read_are_passed_over(manifests):
    snapshot = manifests.of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
    assert not snapshot.problems
    assert not snapshot.origins


def test_hidden_files_and_other_suffixes_are_passed_over(manifests):
    for file in (".a.yaml", "..data/b.yaml", "c.yaml~", "d.txt", "sub/.git/e.yaml"):
        manifests.write(written(), file)
    assert not manifests.read().ingresses


def test_sub_folders_are_read_and_a_link_to_the_folder_itself_ends_nowhere(manifests):
    manifests.write(written(), "shop/web/a.yml")
    (manifests.path / "shop" / "loop").symlink_to(manifests.path)
    assert list(manifests.read().ingresses) == [Name("default", "web")]


def test_a_single_file_is_read_whatever_its_name(tmp_path):
    (tmp_path / "shop.txt").write_text(written())
    assert read_manifests([tmp_path / "shop.txt"]).ingresses


def test_an_ingress_of_extensions_v1beta1_is_read_as_its_successor(manifests):
    snapshot = manifests.of("""\
        apiVersion: extensions/v1beta1
        kind: Ingress
        metadata: {name: web}
        spec:
          backend: {serviceName: fallback, servicePort: "8080"}
          rules:
          - http:
              paths:
              - backend: {serviceName: web, servicePort: http}
    """)
    spec = ingress(snapshot).spec
    path = spec.rules[0].http.paths[0]
    assert (path.path, path.path_type) == ("/", PathType.IMPLEMENTATION_SPECIFIC)
    assert (path.backend.service.name, path.backend.service.port.name) == ("web", "http")
    assert spec.default_backend.service.port.number == 8080
    assert [p.code for p in snapshot.problems] == ["api-version-removed"]


def test_endpoints_become_slices_with_those_that_are_not_ready(manifests):
    snapshot = manifests.of("""\
        apiVersion: v1
        kind: Endpoints
        metadata: {name: web}
        subsets:
        - addresses: [{ip: 10.0.0.1}, {ip: "fd00::1"}]
          notReadyAddresses: [{ip: 10.0.0.2}]
          ports: [{name: http, port: 8080}]
    """)
    four, six = snapshot.endpoint_slices[Name("default", "web")]
    assert [(e.addresses[0], e.conditions.ready) for e in four.endpoints] == [
        ("10.0.0.1", True),
        ("10.0.0.2", False),
    ]
    assert (six.address_type, six.endpoints[0].addresses) == ("IPv6", ("fd00::1",))
    assert four.ports[0].port == 8080


def test_endpoints_beside_the_slices_that_mirror_them_do_not_count_twice(manifests):
    snapshot = manifests.of("""\
        apiVersion: v1
        kind: Endpoints
        metadata: {name: web}
        subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-abc, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints: [{addresses: [10.0.0.1]}]
        ports: [{port: 80}]
    """)
    assert [s.metadata.name for s in snapshot.endpoint_slices[Name("default", "web")]] == [
        "web-abc"
    ]


def test_a_secret_has_data_and_string_data(manifests):
    snapshot = manifests.of("""\
        apiVersion: v1
        kind: Secret
        metadata: {name: tls}
        data:
          tls.crt: |
            aGVs
            bG8=
        stringData: {tls.key: secret}
    """)
    secret = snapshot.secrets[Name("default", "tls")]
    assert secret.data == {"tls.crt": b"hello", "tls.key": b"secret"}


def test_an_ingress_class_has_no_namespace(manifests):
    snapshot = manifests.of("""\
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: nginx, namespace: shop}
        spec: {controller: k8s.io/ingress-nginx}
    """)
    assert list(snapshot.ingress_classes) == [Name("", "nginx")]


def test_of_two_documents_with_one_object_the_last_counts_and_both_are_named(manifests):
    manifests.write(written(annotation="first"), "a.yaml")
    manifests.write(f"\n{written(annotation='last')}", "b.yaml")
    snapshot = manifests.read()
    assert "last" in ingress(snapshot).metadata.annotations.values()
    (problem,) = snapshot.problems
    assert problem.message.endswith("a.yaml:1.")
    assert problem.advice.endswith("b.yaml:2.")


def test_origins_name_file_and_line(manifests):
    snapshot = manifests.of(f"# a shop\n{written()}")
    origin = snapshot.origins[ObjectRef(Kind.INGRESS, Name("default", "web"))]
    assert (origin.file, origin.line) == (str(manifests.path / "a.yaml"), 2)
