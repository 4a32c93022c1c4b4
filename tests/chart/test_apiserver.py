"""A real apiserver takes what the chart renders, and helm says what it means to."""

import yaml

from tests.drivers import charts


def test_an_apiserver_takes_every_object(plane, case):
    values = yaml.safe_load((case / "values.yaml").read_text())
    for namespace in {
        each["metadata"].get("namespace", charts.NAMESPACE) for each in charts.objects(values)
    } - {charts.NAMESPACE}:
        plane.kubectl("apply", "--filename=-", stdin=_namespace(namespace))
    plane.kubectl(
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "--filename=-",
        stdin=charts.rendered(values),
    )


def test_an_install_tells_what_surprises(plane, case, update):
    values = yaml.safe_load((case / "values.yaml").read_text())
    told = charts.notes(values, plane.kubeconfig())
    expected = case / "notes.txt"
    if update:
        expected.write_text(told)
    assert told == expected.read_text()


def test_unknown_values_are_told(plane):
    values = {"controller": {"replicaCont": 3, "service": {"typ": "NodePort"}}, "foo": {"bar": 1}}
    told = charts.notes(values, plane.kubeconfig())
    assert told.endswith(
        "These are not values of this chart:\n\n"
        "  controller.replicaCont\n  controller.service.typ\n  foo\n"
    )


def test_a_pod_meets_the_restricted_standard(plane):
    restricted = plane.create_namespace("restricted")
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    plane.admin.patch("Namespace", "restricted", label)
    restricted.create(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "edge-pillion-controller"},
        }
    )
    restricted.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "controller"},
            "spec": charts.pod_spec({}),
        }
    )


def _namespace(name: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
