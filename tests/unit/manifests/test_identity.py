"""What did not change is the very same object: the build is remembered by it."""

import os

from generator.objects import Name

from .conftest import ingress, written

SLICE = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
"""


def test_an_object_survives_changes_around_it(manifests):
    before = ingress(manifests.of(f"{written('a')}---\n{written()}"))
    after = ingress(manifests.of(f"{written('b')}---\n{written('c')}---\n{written()}"))
    assert after is before


def test_an_object_survives_a_comment_in_its_own_text(manifests):
    before = ingress(manifests.of(written()))
    assert ingress(manifests.of(f"{written()}# a comment\n")) is before


def test_an_item_survives_changes_of_its_list(manifests):
    def listed(*names):
        items = "".join(f"- {written(n)}".replace("\n", "\n  ").rstrip() + "\n" for n in names)
        return f"apiVersion: v1\nkind: List\nitems:\n{items}"

    before = ingress(manifests.of(listed("web", "a")))
    assert ingress(manifests.of(listed("b", "c", "web"))) is before


def test_the_slices_of_a_service_survive_together(manifests):
    web = Name("default", "web")
    before = manifests.of(SLICE).endpoint_slices[web]
    assert manifests.of(f"{SLICE}---\n{written()}").endpoint_slices[web] is before


def test_a_file_that_was_not_touched_is_not_read_again(manifests):
    manifests.write(written())
    before = ingress(manifests.read())
    stamp = (manifests.path / "a.yaml").stat()
    manifests.write(written("web2"), "b.yaml")
    assert ingress(manifests.read()) is before
    os.utime(manifests.path / "a.yaml", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert ingress(manifests.read()) is before
