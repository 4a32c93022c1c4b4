"""The lab itself: a failure here explains those of every other test in this folder."""

import json
import subprocess
import urllib.request

import pytest

from tests.lab.client import ApiError
from tests.lab.objects import endpoint_slice, ingress, publish, service

READ_INGRESSES = [
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list"]}
]


def test_the_apiserver_is_ready_and_tells_its_version(control_plane):
    assert control_plane.admin.request("GET", "/readyz") == "ok"
    assert control_plane.admin.request("GET", "/version")["major"] == "1"


def test_a_user_without_a_role_is_refused(control_plane, cluster):
    nobody = control_plane.client("nobody-token").within(cluster.namespace)
    with pytest.raises(ApiError, match="cannot list resource") as refusal:
        nobody.list("Ingress")
    assert refusal.value.status == 403


def test_a_service_account_may_do_what_its_rules_say_and_nothing_else(control_plane, cluster):
    token = control_plane.service_account("reader", cluster.namespace, READ_INGRESSES)
    reader = control_plane.client(token).within(cluster.namespace)
    assert reader.list("Ingress") == []
    with pytest.raises(ApiError, match="cannot list resource"):
        reader.list("Secret")


def test_a_kubeconfig_by_client_certificate_names_its_user(control_plane):
    path = control_plane.kubeconfig_by_certificate("jane", "system:masters")
    who = control_plane.kubectl("auth", "whoami", f"--kubeconfig={path}", "-o=json")
    assert json.loads(who)["status"]["userInfo"]["username"] == "jane"


def test_an_endpoint_slice_may_name_a_local_process(cluster, backend):
    echo = backend("echo", "10.77.3.9")
    publish(cluster, "echo", echo)
    [published] = cluster.list("EndpointSlice")
    assert published["endpoints"][0]["addresses"] == ["10.77.3.9"]
    with urllib.request.urlopen(f"{echo.url}/a%20b?c=d", b"body") as answer:
        asked = json.load(answer)
    assert (asked["backend"], asked["method"], asked["path"]) == ("echo", "POST", "/a%20b")
    assert asked["body_length"] == 4


def test_a_backend_answers_on_ipv6(cluster, backend):
    echo = backend("echo", "fd77::2")
    cluster.create(service("echo", ipFamilies=["IPv6"]))
    cluster.create(endpoint_slice("echo", echo))
    with urllib.request.urlopen(f"{echo.url}/?chunks=2") as answer:
        assert answer.read() == b"chunk 0\nchunk 1\n"


def test_objects_outlive_a_killed_apiserver(control_plane, cluster):
    cluster.create(ingress("shop", "shop.example.com"))
    control_plane.kill_apiserver()
    with pytest.raises(OSError, match="refused"):
        cluster.list("Ingress")
    control_plane.start_apiserver()
    assert [found["metadata"]["name"] for found in cluster.list("Ingress")] == ["shop"]


def test_a_forgotten_resource_version_is_gone(control_plane, cluster):
    old = cluster.create(ingress("shop", "shop.example.com"))["metadata"]["resourceVersion"]
    cluster.delete("Ingress", "shop")
    control_plane.forget_history()
    path = "/apis/networking.k8s.io/v1/ingresses"
    answer = cluster.request("GET", path, watch="true", resourceVersion=old, timeoutSeconds="1")
    assert answer["object"]["code"] == 410


def test_a_deleted_namespace_leaves_nothing_behind(control_plane):
    within = control_plane.create_namespace("passing")
    within.create(ingress("shop", "shop.example.com"))
    control_plane.delete_namespace("passing")
    assert control_plane.admin.list("Ingress", everywhere=True) == []
    with pytest.raises(ApiError, match="404"):
        control_plane.admin.get("Namespace", "passing")


def test_nothing_outside_can_be_reached():
    outside = ["python3", "-c", "import socket; socket.create_connection(('192.0.2.1', 80), 5)"]
    assert b"unreachable" in subprocess.run(outside, capture_output=True, check=False).stderr
