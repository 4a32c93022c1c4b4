"""Which cluster is meant: a kubeconfig, the pod's ServiceAccount, a URL, in this order."""

import os

import pytest

from generator.settings.command_line import SettingsError
from generator.settings.source import Cluster, cluster_of

IN_POD = {"KUBERNETES_SERVICE_HOST": "192.0.2.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def pod(tmp_path):
    """The ServiceAccount folder of a pod."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("pod-token")
    return folder


@pytest.fixture
def chosen(pod):
    """Which cluster is meant, in a pod if nothing else is said."""

    def of(environ=IN_POD, *, kubeconfig="", context="", server="", service_account=pod):
        return cluster_of(
            environ,
            kubeconfig=str(kubeconfig),
            context=context,
            server=server,
            service_account=service_account,
        )

    return of


def test_in_a_pod_the_service_account_is_used(chosen, pod):
    assert chosen() == Cluster(server="https://192.0.2.1:6443", service_account=pod)


def test_in_a_pod_an_ipv6_address_stands_in_brackets(chosen):
    environ = IN_POD | {"KUBERNETES_SERVICE_HOST": "2001:db8::1"}
    assert chosen(environ).server == "https://[2001:db8::1]:6443"


def test_a_kubeconfig_goes_before_the_service_account(chosen, tmp_path):
    (tmp_path / "config").touch()
    found = chosen(kubeconfig=tmp_path / "config", context="there", server="https://192.0.2.2/")
    assert found == Cluster(
        kubeconfig=str(tmp_path / "config"), context="there", server="https://192.0.2.2"
    )


def test_of_several_kubeconfigs_those_that_exist_count(chosen, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.touch()
    second.touch()
    named = os.pathsep.join(map(str, (tmp_path / "missing", first, second)))
    assert chosen(kubeconfig=named).kubeconfig == os.pathsep.join(map(str, (first, second)))


def test_a_url_replaces_the_pods_and_keeps_its_proof(chosen, pod):
    url = "https://192.0.2.2"
    assert chosen(server=url + "/") == Cluster(server=url, service_account=pod)


def test_a_url_alone_is_a_cluster_without_proof(chosen, tmp_path):
    url = "https://192.0.2.2"
    assert chosen({}, server=url, service_account=tmp_path / "none") == Cluster(server=url)


@pytest.mark.parametrize("environ", [{}, IN_POD])
def test_with_nothing_given_one_line_names_every_way_to_give_a_cluster(chosen, environ, tmp_path):
    with pytest.raises(SettingsError) as refused:
        chosen(environ, service_account=tmp_path / "none")
    for way in ("--kubeconfig", "KUBECONFIG", "ServiceAccount", "--manifests"):
        assert way in refused.value.message
