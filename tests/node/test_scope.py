"""An install that is confined to two namespaces."""

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.drivers.pods import run_echo
from tests.lab.waiting import eventually

pytestmark = pytest.mark.slow
OURS = ("team-a", "team-b")
VALUES = {"controller": {"scope": {"enabled": True, "namespace": list(OURS)}}}
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
ACCOUNT = "system:serviceaccount:{namespace}:{name}"


@pytest.fixture(scope="module")
def teams(plane, machine):  # noqa: ARG001 - pods run there
    """Three namespaces, each with an echo server and an Ingress for its own host."""
    for name in (*OURS, "team-c"):
        client = plane.create_namespace(name)
        run_echo(client, "echo")
        paths = rule(f"{name}.test", ("Prefix", "/", "echo"))
        client.create(ingress(paths, ingressClassName="nginx"))


@pytest.fixture(scope="module")
def release(install, teams):  # noqa: ARG001 - Roles go into the namespaces
    return install(VALUES)


@pytest.fixture(scope="module")
def may(plane, release):
    """What the generator's account may do."""
    account = release.api.get("Pod", release.pod())["spec"]["serviceAccountName"]
    user = ACCOUNT.format(namespace=release.namespace, name=account)

    def allowed(verb, resource, namespace):
        group = "networking.k8s.io" if resource == "ingresses" else ""
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": asked},
        }
        return plane.admin.request("POST", REVIEWS, review)["status"]["allowed"]

    return allowed


def test_hosts_of_the_two_are_served_and_those_of_others_are_not(release):
    web = release.web()
    for name in OURS:
        eventually(lambda name=name: web.status(f"http://{name}.test/") == 200, within_s=30)
    assert web.ask("http://team-c.test/").body == b"default backend - 404"


@pytest.mark.parametrize("resource", ["secrets", "ingresses", "services", "configmaps"])
def test_nothing_of_another_namespace_may_be_read(may, resource):
    assert not may("list", resource, "team-c")
    assert not may("get", resource, "kube-system")


def test_secrets_of_the_two_may_be_read_and_not_be_changed(may):
    for name in OURS:
        assert may("get", "secrets", name)
        assert not may("update", "secrets", name)
        assert not may("create", "secrets", name)
