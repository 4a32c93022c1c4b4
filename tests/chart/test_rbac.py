"""What the chart's roles allow is enough for the generator, and no more than the values say."""

import json
import sys
from contextlib import contextmanager

import pytest
import yaml

from reloader.contract import Volume, Wish, read_or_none
from tests.drivers import charts
from tests.drivers.ingresses import ingress, ingress_class, rule
from tests.lab.objects import service, tls_secret
from tests.lab.pki import Authority
from tests.lab.ports import free_port
from tests.lab.process import Process
from tests.lab.waiting import eventually

ROLES = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
ACCOUNT = f"{charts.RELEASE}-pillion-controller"
EVERYWHERE = {}
OPTIONS_ELSEWHERE = {"controller": {"configMapNamespace": "other"}}
TWO_NAMESPACES = {"controller": {"scope": {"enabled": True, "namespace": "north, south"}}}
TWO_SECRETS = {"rbac": {"secretNames": ["north/tls", "south/tls"]}}
BOTH = TWO_NAMESPACES | TWO_SECRETS


@pytest.fixture(scope="module")
def tenants(plane):
    """Three namespaces, each with an Ingress that has a certificate."""
    plane.admin.create(ingress_class("nginx"))
    for name in ("north", "south", "other"):
        tenant = plane.create_namespace(name)
        host = f"{name}.test"
        tenant.create(tls_secret("tls", Authority().issue(host)))
        tenant.create(service("web"))
        tls = [{"hosts": [host], "secretName": "tls"}]
        of_host = rule(host, ("Prefix", "/", "web"))
        wrong = {"proxy-body-size": "8 megabytes"}
        tenant.create(ingress(of_host, ingressClassName="nginx", tls=tls, annotations=wrong))
    return plane


@contextmanager
def allowed(plane, values):
    """The roles of these values, as long as the `with`."""
    roles = yaml.safe_dump_all(o for o in charts.objects(values) if o["kind"] in ROLES)
    plane.kubectl("apply", "--filename=-", stdin=roles)
    # The apiserver takes a moment to go by what it has stored.
    for always in ("list ingressclasses", "list ingresses in north", "list ingresses in south"):
        eventually(lambda: may(plane, *always.split(" ", 1)))  # noqa: B023 - called at once
    yield
    plane.kubectl("delete", "--filename=-", stdin=roles)


@contextmanager
def generator(plane, values, folder):
    """The generator as the chart starts it, but for its folders; its log."""
    account = plane.admin.within(charts.NAMESPACE).path("ServiceAccount", ACCOUNT, "token")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = plane.admin.request("POST", account, request)["status"]["token"]
    arguments = charts.generator(values)["args"]
    told = [each.replace("$(POD_NAMESPACE)", charts.NAMESPACE) for each in arguments]
    told += [f"--volume={folder}", f"--template-dir={folder}", f"--healthz-port={free_port()}"]
    told += [f"--kubeconfig={plane.kubeconfig(token=token)}"]
    log = folder / "log"
    pod = ["env", f"POD_NAMESPACE={charts.NAMESPACE}", "POD_NAME=pod-1"]
    process = Process.start("generator", [*pod, sys.executable, "-m", "generator", *told], log)
    yield log
    process.kill()


def text_served(folder):
    wish = read_or_none(Volume(folder).wish, Wish.parse)
    return wish.body.decode() if wish else ""


def hosts_served(folder):
    text = text_served(folder)
    return {name for name in ("north", "south", "other") if f"server_name {name}.test;" in text}


@pytest.mark.parametrize(
    ("values", "hosts"),
    [
        (EVERYWHERE, {"north", "south", "other"}),
        (TWO_NAMESPACES, {"north", "south"}),
        (TWO_SECRETS, {"north", "south", "other"}),
        (BOTH, {"north", "south"}),
    ],
    ids=["everywhere", "two-namespaces", "two-secrets", "both"],
)
def test_the_generator_is_refused_nothing_that_it_needs(tenants, tmp_path, values, hosts):
    with allowed(tenants, values), generator(tenants, values, tmp_path) as log:
        eventually(lambda: hosts_served(tmp_path) == hosts, within_s=30)
        eventually(lambda: tenants.admin.within("north").list("Event"), within_s=30)
        refused = [
            line
            for line in map(json.loads, log.read_text().splitlines())
            if line["event"] == "cluster.forbidden"
        ]
    # Without the right to list all Secrets it asks for each by its name, and says so once.
    expected = {"secrets"} if "rbac" in values else set()
    assert {line["resource"] for line in refused} == expected


@pytest.mark.parametrize("values", [EVERYWHERE, TWO_NAMESPACES], ids=["everywhere", "two"])
def test_the_options_are_read_and_a_change_of_them_is_live(tenants, tmp_path, values):
    config = {"keep-alive": 33}
    values = {"controller": {**values.get("controller", {}), "config": config}}
    (config_map,) = charts.config_maps(values)
    tenants.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(config_map))
    with allowed(tenants, values), generator(tenants, values, tmp_path):
        eventually(lambda: "keepalive_timeout 33s;" in text_served(tmp_path), within_s=30)
        changed = config_map | {"data": {"keep-alive": "44"}}
        tenants.kubectl("apply", "--filename=-", stdin=yaml.safe_dump(changed))
        eventually(lambda: "keepalive_timeout 44s;" in text_served(tmp_path), within_s=30)
    tenants.kubectl("delete", "--filename=-", stdin=yaml.safe_dump(config_map))


@pytest.mark.parametrize(
    ("values", "verb", "what", "answer"),
    [
        (EVERYWHERE, "get", "secrets/tls in north", True),
        (EVERYWHERE, "create", "secrets in north", False),
        (EVERYWHERE, "patch", "ingresses/status in north", True),
        (EVERYWHERE, "create", "events in north", True),
        (EVERYWHERE, "delete", "events in north", False),
        (EVERYWHERE, "patch", "ingresses/north in north", False),
        (EVERYWHERE, "list", "pods in north", False),
        (EVERYWHERE, "list", "nodes", False),
        (EVERYWHERE, "get", "configmaps/headers in north", True),
        (EVERYWHERE, "patch", "configmaps/headers in north", False),
        (EVERYWHERE, "get", f"configmaps/{ACCOUNT} in {charts.NAMESPACE}", True),
        (EVERYWHERE, "watch", f"configmaps/{ACCOUNT} in {charts.NAMESPACE}", True),
        (EVERYWHERE, "patch", f"configmaps/{ACCOUNT} in {charts.NAMESPACE}", False),
        (OPTIONS_ELSEWHERE, "get", f"configmaps/{ACCOUNT} in other", True),
        (TWO_NAMESPACES, "get", "secrets/tls in north", True),
        (TWO_NAMESPACES, "get", "secrets/tls in other", False),
        (TWO_NAMESPACES, "get", "configmaps/headers in other", False),
        (TWO_NAMESPACES, "list", "ingresses in other", False),
        (TWO_NAMESPACES, "create", "events in other", False),
        (TWO_NAMESPACES, "list", "ingressclasses", True),
        (TWO_SECRETS, "get", "secrets/tls in north", True),
        (TWO_SECRETS, "get", "secrets/tls in other", False),
        (TWO_SECRETS, "list", "secrets in north", False),
        (BOTH, "get", "secrets/tls in south", True),
        (BOTH, "list", "secrets in south", False),
    ],
)
def test_nothing_more_is_allowed(tenants, values, verb, what, answer):
    with allowed(tenants, values):
        assert may(tenants, verb, what) is answer


def may(plane, verb, what):
    """Whether the apiserver would let the chart's account do this."""
    thing, _, namespace = what.partition(" in ")
    resource, _, name = thing.partition("/")
    name, subresource = ("", name) if name == "status" else (name, "")
    group = "networking.k8s.io" if resource.startswith("ingress") else ""
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    attributes |= {"name": name, "namespace": namespace}
    user = f"system:serviceaccount:{charts.NAMESPACE}:{ACCOUNT}"
    spec = {"user": user, "resourceAttributes": attributes}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return plane.admin.request("POST", path, review)["status"]["allowed"]
