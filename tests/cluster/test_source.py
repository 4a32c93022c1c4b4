"""What a source reads from a real apiserver, and what it makes of its faults."""

import json
import shlex
import stat
import sys
import time
from contextlib import contextmanager

import pytest
import yaml
from msgspec.structs import replace

from generator.cluster.backoff import Timing
from generator.cluster.published_addresses import addresses_of_text
from generator.objects import Kind, Name, ObjectRef
from tests.drivers.cluster_source import Following
from tests.drivers.ingresses import ingress_class
from tests.lab.objects import endpoint_slice, ingress, service, tls_secret
from tests.lab.pki import Authority
from tests.lab.waiting import eventually

QUICK = Timing(log_refusal_after_s=0.2, refused_cap_s=0.2, cap_s=0.5, give_up_s=0.5)
ADDRESSES = addresses_of_text(["10.77.0.1"])


class At:
    """An endpoint that nobody calls."""

    address, port = "10.77.0.9", 8080


@pytest.fixture
def follow(control_plane):
    """Follow the lab's cluster as its admin."""
    return lambda **options: Following(control_plane.kubeconfig(), **options)


@pytest.fixture
def name(cluster):
    """The Name of an object in the test's namespace."""
    return lambda name: Name(cluster.namespace, name)


@pytest.fixture(scope="module")
def certificate():
    return Authority().issue("shop.test")


def opaque(name, content):
    metadata = {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"auth": content},
    }


@contextmanager
def apiserver_away(control_plane):
    control_plane.kill_apiserver()
    try:
        yield
    finally:
        control_plane.start_apiserver()


def test_each_kind_is_seen_made_edited_and_deleted(follow, cluster, name):
    with follow() as following:
        cluster.create(ingress("shop", "shop.test"))
        cluster.create(service("shop"))
        cluster.create(endpoint_slice("shop", At()))
        cluster.create(ingress_class("seen"))
        eventually(lambda: name("shop") in following.snapshot.ingresses)
        eventually(lambda: name("shop") in following.snapshot.services)
        eventually(lambda: name("shop") in following.snapshot.endpoint_slices)
        eventually(lambda: Name("", "seen") in following.snapshot.ingress_classes)

        cluster.patch("Ingress", "shop", {"metadata": {"annotations": {"a": "b"}}})
        cluster.patch("Service", "shop", {"spec": {"ports": [{"name": "http", "port": 81}]}})
        cluster.patch("EndpointSlice", "shop-lab", {"endpoints": []})
        cluster.patch("IngressClass", "seen", {"metadata": {"annotations": {"a": "b"}}})
        eventually(lambda: following.snapshot.ingresses[name("shop")].metadata.annotations)
        eventually(lambda: following.snapshot.services[name("shop")].spec.ports[0].port == 81)
        eventually(lambda: not following.snapshot.endpoint_slices[name("shop")][0].endpoints)
        eventually(
            lambda: following.snapshot.ingress_classes[Name("", "seen")].metadata.annotations
        )

        cluster.delete("Ingress", "shop")
        cluster.delete("Service", "shop")
        cluster.delete("EndpointSlice", "shop-lab")
        cluster.delete("IngressClass", "seen")
        eventually(lambda: name("shop") not in following.snapshot.ingresses)
        eventually(lambda: name("shop") not in following.snapshot.services)
        eventually(lambda: name("shop") not in following.snapshot.endpoint_slices)
        eventually(lambda: Name("", "seen") not in following.snapshot.ingress_classes)


def test_a_secret_is_read_when_it_is_named_and_only_then(follow, cluster, name, certificate):
    cluster.create(tls_secret("early", certificate))
    with follow() as following:
        cluster.create(ingress("plain", "plain.test"))
        following.wait_for_change()
        assert name("early") not in following.snapshot.secrets

        tls = [{"hosts": ["shop.test"], "secretName": secret} for secret in ("early", "late", "op")]
        cluster.create(ingress("shop", "shop.test", tls=tls))
        snapshot = following.wait_for_change()
        assert name("shop") in snapshot.ingresses
        assert snapshot.secrets[name("early")].type == "kubernetes.io/tls"

        cluster.create(tls_secret("late", certificate))
        cluster.create(opaque("op", "old"))
        eventually(lambda: {name("late"), name("op")} <= set(following.snapshot.secrets))
        cluster.patch("Secret", "op", {"stringData": {"auth": "new"}})
        eventually(lambda: following.snapshot.secrets[name("op")].data["auth"] == b"new")

        cluster.delete("Secret", "early")
        eventually(lambda: name("early") not in following.snapshot.secrets)
        cluster.create(opaque("early", "another type"))
        eventually(
            lambda: (
                [s.type for s in following.snapshot.secrets.values() if s.name == name("early")]
                == ["Opaque"]
            )
        )
        cluster.delete("Ingress", "shop")
        eventually(lambda: not following.snapshot.secrets)


def test_a_config_map_is_read_if_settings_name_it(follow, cluster, name):
    named = frozenset({ObjectRef(Kind.CONFIG_MAP, name("pillion"))})
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pillion"}}
    with follow(named=named) as following:
        cluster.create(config_map | {"data": {"a": "old"}})
        cluster.create(config_map | {"metadata": {"name": "other"}})
        eventually(lambda: name("pillion") in following.snapshot.config_maps)
        cluster.patch("ConfigMap", "pillion", {"data": {"a": "new"}})
        eventually(lambda: following.snapshot.config_maps[name("pillion")].data["a"] == "new")

        assert set(following.snapshot.config_maps) == {name("pillion")}


def test_namespaces_that_are_not_watched_are_not_read(follow, cluster, control_plane, name):
    control_plane.admin.within("default").apply(ingress("elsewhere", "elsewhere.test"))
    with follow(namespaces=(cluster.namespace,)) as following:
        cluster.create(ingress("shop", "shop.test"))
        eventually(lambda: name("shop") in following.snapshot.ingresses)

        assert set(following.snapshot.ingresses) == {name("shop")}
    control_plane.admin.within("default").delete("Ingress", "elsewhere")


def test_a_status_and_managed_fields_wake_no_one(follow, cluster, name):
    cluster.create(ingress("shop", "shop.test"))
    with follow(addresses=ADDRESSES) as following:
        shop = following.snapshot.ingresses[name("shop")]
        following.serves([shop])
        eventually(lambda: cluster.get("Ingress", "shop")["status"]["loadBalancer"])
        cluster.apply(ingress("shop", "shop.test"))  # another manager of the same fields
        cluster.create(ingress("last", "last.test"))

        snapshot = following.wait_for_change()
        assert name("last") in snapshot.ingresses
        assert snapshot.ingresses[name("shop")] is shop


def test_an_apiserver_that_was_killed_is_followed_again_and_what_is_the_same_stays(
    follow, cluster, control_plane, name
):
    cluster.create(ingress("shop", "shop.test"))
    with follow() as following:
        before = following.snapshot.ingresses
        with apiserver_away(control_plane):
            eventually(lambda: following.logged("cluster.unreachable"))
            assert set(following.snapshot.ingresses) == set(before)
        cluster.create(ingress("late", "late.test"))
        eventually(lambda: name("late") in following.snapshot.ingresses, within_s=5)

        assert following.snapshot.ingresses[name("shop")] is before[name("shop")]
        assert len(following.logged("cluster.unreachable")) == 1
        assert len(following.logged("cluster.reachable")) == 1


def test_a_watch_whose_time_is_over_goes_on_without_a_new_list(follow, cluster, name):
    with follow(timing=Timing(watch_s=(4.0, 4.0))) as following:
        # The apiserver sends a bookmark shortly before it ends a watch.
        for number in range(6):
            cluster.create(ingress(f"shop-{number}", "shop.test"))
            eventually(lambda number=number: name(f"shop-{number}") in following.snapshot.ingresses)
            time.sleep(1)

        assert following.logged("cluster.relisted") == []
        assert following.logged("cluster.invalid_response") == []


def test_what_was_deleted_while_the_apiserver_forgot_its_history_is_gone(
    follow, cluster, control_plane, name
):
    cluster.create(ingress("shop", "shop.test"))
    cluster.create(ingress("gone", "gone.test"))
    with follow() as following:
        cluster.delete("Ingress", "gone")
        control_plane.forget_history()
        cluster.create(ingress("late", "late.test"))

        eventually(lambda: name("late") in following.snapshot.ingresses, within_s=5)
        assert name("gone") not in following.snapshot.ingresses


def test_an_apiserver_that_hangs_is_left_alone_until_it_answers(
    follow, cluster, control_plane, name
):
    timing = Timing(connect_s=0.5, read_s=0.5, silence_s=1.0)
    with follow(timing=timing) as following:
        control_plane.freeze_apiserver()
        try:
            eventually(lambda: following.logged("cluster.unreachable"))
        finally:
            control_plane.thaw_apiserver()
        cluster.create(ingress("late", "late.test"))

        eventually(lambda: name("late") in following.snapshot.ingresses, within_s=8)


def test_while_no_one_answers_it_is_not_ready_and_then_it_is(control_plane, cluster, name):
    cluster.create(ingress("shop", "shop.test"))
    kubeconfig = control_plane.kubeconfig()
    with (
        apiserver_away(control_plane),
        Following(kubeconfig, timing=QUICK, ready=False) as following,
        pytest.raises(TimeoutError),
    ):
        following.wait_until_ready(3 * QUICK.give_up_s)
    with Following(kubeconfig) as following:
        assert name("shop") in following.snapshot.ingresses


READ = ["get", "list", "watch"]
SERVING = [
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": READ},
    {"apiGroups": [""], "resources": ["services"], "verbs": READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
]
CLASSES = {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": READ}


@pytest.fixture
def account(control_plane, cluster):
    """The kubeconfig of one with these rights in the whole cluster; `may` changes them."""

    def make(rules):
        token = control_plane.cluster_service_account("account", cluster.namespace, rules)
        return control_plane.kubeconfig(token=token)

    def change(rules):
        role = f"{cluster.namespace}-account"
        control_plane.admin.patch("ClusterRole", role, {"rules": rules})

    make.may = change
    return make


def secrets(*names):
    return {"apiGroups": [""], "resources": ["secrets"], "verbs": READ, "resourceNames": names}


def test_what_is_forbidden_is_told_once_and_holds_up_the_rest_only_so_long(account, cluster, name):
    cluster.create(ingress("shop", "shop.test"))
    kubeconfig = account(SERVING)
    with Following(kubeconfig, timing=QUICK, references=lambda _: frozenset()) as following:
        assert name("shop") in following.snapshot.ingresses
        eventually(lambda: following.logged("cluster.forbidden"))
        told = {(line["verb"], line["resource"]) for line in following.logged("cluster.forbidden")}
        assert told == {("list", "ingressclasses"), ("list", "secrets")}

        account.may([*SERVING, CLASSES])
        cluster.create(ingress_class("granted"))
        eventually(lambda: Name("", "granted") in following.snapshot.ingress_classes)
        cluster.delete("IngressClass", "granted")
        assert len(following.logged("cluster.forbidden")) == 2


def test_ingresses_that_are_forbidden_make_no_snapshot_to_serve_from(account, cluster, name):
    kubeconfig = account(SERVING[1:])
    cluster.create(ingress("shop", "shop.test"))
    with Following(kubeconfig, timing=QUICK, ready=False) as following:
        with pytest.raises(TimeoutError):
            following.wait_until_ready(3 * QUICK.give_up_s)
        assert ("list", "ingresses") in {
            (line["verb"], line["resource"]) for line in following.logged("cluster.forbidden")
        }

        account.may(SERVING)
        following.wait_until_ready(10)
        assert name("shop") in following.snapshot.ingresses


def test_rights_that_are_taken_away_leave_what_was_read_and_come_back(
    control_plane, account, cluster, name
):
    kubeconfig = account(SERVING)
    cluster.create(ingress("shop", "shop.test"))
    with Following(kubeconfig, timing=QUICK) as following:
        account.may(SERVING[1:])
        control_plane.restart_apiserver()  # a watch outlives the right to it
        eventually(
            lambda: (
                "ingresses" in {line["resource"] for line in following.logged("cluster.forbidden")}
            )
        )
        assert name("shop") in following.snapshot.ingresses

        account.may(SERVING)
        cluster.create(ingress("late", "late.test"))
        eventually(lambda: name("late") in following.snapshot.ingresses)


def test_rights_to_single_secrets_suffice_for_them(account, cluster, name, certificate):
    for secret in ("allowed", "forbidden"):
        cluster.create(tls_secret(secret, certificate))
    tls = [{"secretName": secret} for secret in ("allowed", "forbidden")]
    cluster.create(ingress("shop", "shop.test", tls=tls))
    with Following(account([*SERVING, secrets("allowed")]), timing=QUICK) as following:
        assert set(following.snapshot.secrets) == {name("allowed")}

        cluster.delete("Secret", "allowed")
        eventually(lambda: not following.snapshot.secrets)
        cluster.create(tls_secret("allowed", certificate))
        eventually(lambda: set(following.snapshot.secrets) == {name("allowed")})


def test_a_client_certificate_opens_the_door(control_plane, cluster, name):
    cluster.create(ingress("shop", "shop.test"))
    kubeconfig = control_plane.kubeconfig_by_certificate("someone", "system:masters")
    with Following(kubeconfig) as following:
        assert name("shop") in following.snapshot.ingresses


def test_an_exec_plugin_is_asked_again_when_its_token_no_longer_works(
    control_plane, cluster, name, tmp_path
):
    cluster.create(ingress("shop", "shop.test"))
    config = yaml.safe_load(control_plane.kubeconfig().read_text())
    good = config["users"][0]["user"]["token"]
    api = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": api, "kind": "ExecCredential", "status": {"token": "TOKEN"}}
    plugin, runs = tmp_path / "plugin", tmp_path / "runs"
    plugin.write_text(
        f"#!{sys.executable}\n"
        f"runs = open({str(runs)!r}, 'a+'); runs.write('x'); runs.seek(0)\n"
        f"token = 'stale' if len(runs.read()) == 1 else {good!r}\n"
        f"print({json.dumps(credential)!r}.replace('TOKEN', token))\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config["users"][0]["user"] = {"exec": {"apiVersion": api, "command": shlex.quote(str(plugin))}}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))

    with Following(kubeconfig) as following:
        assert name("shop") in following.snapshot.ingresses
        assert runs.read_text() == "xx"


def test_a_token_that_was_rotated_in_its_file_is_used_from_then_on(
    control_plane, cluster, name, tmp_path
):
    old, new = (
        control_plane.cluster_service_account(which, cluster.namespace, SERVING)
        for which in ("old", "new")
    )
    config = yaml.safe_load(control_plane.kubeconfig().read_text())
    config["users"][0]["user"] = {"tokenFile": "token"}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    (tmp_path / "token").write_text(old)
    with Following(tmp_path / "kubeconfig", timing=QUICK) as following:
        cluster.delete("ServiceAccount", "old")
        control_plane.restart_apiserver()  # the old token fails from here
        eventually(lambda: following.logged("cluster.refused"))
        (tmp_path / "token").write_text(new)
        cluster.create(ingress("late", "late.test"))

        eventually(lambda: name("late") in following.snapshot.ingresses)


def test_after_a_restart_addresses_that_we_wrote_go_from_what_is_not_ours_any_more(
    follow, cluster, name
):
    for ours in ("ours", "theirs", "kept"):
        cluster.create(ingress(ours, f"{ours}.test"))
    address = [{"ip": "10.77.0.1"}]
    status = {"status": {"loadBalancer": {"ingress": address}}}
    cluster.patch("Ingress", "theirs", status, subresource="status")
    with follow(addresses=ADDRESSES) as following:
        ingresses = following.snapshot.ingresses
        following.serves([ingresses[name("ours")], ingresses[name("kept")]])
        eventually(lambda: cluster.get("Ingress", "ours")["status"]["loadBalancer"])
        eventually(lambda: cluster.get("Ingress", "kept")["status"]["loadBalancer"])
    with follow(addresses=ADDRESSES) as following:
        following.serves([following.snapshot.ingresses[name("kept")]])
        eventually(lambda: not cluster.get("Ingress", "ours")["status"]["loadBalancer"])

        for kept in ("theirs", "kept"):
            assert cluster.get("Ingress", kept)["status"]["loadBalancer"]["ingress"] == address


def test_an_ingress_made_anew_gets_its_status_when_that_one_is_served(follow, cluster, name):
    cluster.create(ingress("shop", "shop.test"))
    with follow(addresses=ADDRESSES, timing=replace(QUICK, first_s=0.01)) as following:
        old = following.snapshot.ingresses[name("shop")]
        cluster.delete("Ingress", "shop")
        cluster.create(ingress("shop", "shop.test"))
        cluster.create(ingress("last", "last.test"))
        eventually(lambda: name("last") in following.snapshot.ingresses)
        following.serves([old, following.snapshot.ingresses[name("last")]])
        eventually(lambda: cluster.get("Ingress", "last")["status"]["loadBalancer"])
        assert not cluster.get("Ingress", "shop")["status"]["loadBalancer"]
        assert following.logged("status.failed") == []

        following.serves([following.snapshot.ingresses[name("shop")]])
        eventually(lambda: cluster.get("Ingress", "shop")["status"]["loadBalancer"])
