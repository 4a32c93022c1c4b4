import base64
import json
import os
import stat
import sys

import pytest
import yaml

from generator.cluster import access
from generator.cluster.access import RefreshedFile
from generator.cluster.discovery import find
from generator.cluster.errors import KubeconfigBroken, NoCredentials

SERVER = {"server": "https://192.0.2.1:6443"}


def kubeconfig(folder, *, cluster=SERVER, user=None, **more):
    config = {
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "me", "user": user or {}}],
        "contexts": [{"name": "here", "context": {"cluster": "lab", "user": "me"}}],
        "current-context": "here",
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(config | more))
    return path


def found(path, **more):
    return find(kubeconfig=str(path), **more)


@pytest.fixture
def pod(tmp_path):
    """The ServiceAccount folder of a pod."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("pod-token\n")
    (folder / "ca.crt").write_text("PEM")
    return folder


async def test_a_token_of_a_kubeconfig_is_given_to_its_server(tmp_path):
    cluster = found(kubeconfig(tmp_path, user={"token": "my-token\n"}))

    assert (await cluster.server()).url == "https://192.0.2.1:6443"
    assert (await cluster.credentials()).authorization == "Bearer my-token"


async def test_a_token_file_is_read_again_when_it_did_not_work(tmp_path):
    (tmp_path / "token").write_text("old\n")
    cluster = found(kubeconfig(tmp_path, user={"tokenFile": "token"}))
    old = await cluster.credentials()
    (tmp_path / "token").write_text("new\n")
    cluster.reject(old)

    assert old.authorization == "Bearer old"
    assert (await cluster.credentials()).authorization == "Bearer new"


def test_a_rotated_file_is_read_again_after_a_while(tmp_path):
    now = 0.0
    path = tmp_path / "token"
    path.write_text("old")
    token = RefreshedFile(path, clock=lambda: now)
    assert token.text() == "old"
    path.write_text("new")
    assert token.text() == "old"

    now = access.REREAD_S
    assert token.text() == "new"


def test_a_token_file_that_goes_away_leaves_the_token_that_it_held(tmp_path):
    path = tmp_path / "token"
    path.write_text("old")
    token = RefreshedFile(path)
    token.text()
    path.unlink()
    token.expire()
    assert token.text() == "old"

    with pytest.raises(NoCredentials, match="token cannot be read"):
        RefreshedFile(path).text()


async def test_a_service_account_gives_the_credentials_and_its_ca_the_servers(pod):
    cluster = find(server="https://192.0.2.1:6443", service_account=pod)

    assert (await cluster.server()).url == "https://192.0.2.1:6443"
    assert (await cluster.server()).ca == "PEM"
    assert (await cluster.credentials()).authorization == "Bearer pod-token"


async def test_a_bare_url_has_no_credentials():
    cluster = find(server="https://192.0.2.2")

    assert (await cluster.server()).url == "https://192.0.2.2"
    assert (await cluster.credentials()).authorization == ""


async def test_a_pods_token_never_leaves_over_plain_http(pod):
    cluster = find(server="http://192.0.2.2", service_account=pod)

    assert (await cluster.credentials()).authorization == ""


async def test_another_context_can_be_chosen(tmp_path):
    contexts = [
        {"name": "here", "context": {"cluster": "lab", "user": "me"}},
        {"name": "there", "context": {"cluster": "far", "user": "me"}},
    ]
    clusters = [
        {"name": "lab", "cluster": SERVER},
        {"name": "far", "cluster": {"server": "https://192.0.2.9"}},
    ]
    path = kubeconfig(tmp_path, contexts=contexts, clusters=clusters)

    assert (await found(path, context="there").server()).url == "https://192.0.2.9"
    with pytest.raises(
        KubeconfigBroken, match=r'contexts: has no entry named "none"; .*: here, there'
    ):
        found(path, context="none")


async def test_several_kubeconfigs_are_one(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = (
        kubeconfig(tmp_path / "a", users=[], **{"current-context": None}),
        kubeconfig(tmp_path / "b", user={"tokenFile": "token"}, clusters=None),
    )
    (tmp_path / "b" / "token").write_text("beside-its-own-file")
    paths = os.pathsep.join(map(str, (first, second)))

    assert (await found(paths).credentials()).authorization == "Bearer beside-its-own-file"


async def test_a_password_and_whom_to_impersonate_are_given(tmp_path):
    user = {"username": "me", "password": "pass", "as": "other", "as-groups": ["g"]}
    credentials = await found(kubeconfig(tmp_path, user=user)).credentials()

    assert credentials.authorization == f"Basic {base64.b64encode(b'me:pass').decode()}"
    assert credentials.headers == (("Impersonate-User", "other"), ("Impersonate-Group", "g"))


async def test_credentials_are_never_shown(tmp_path):
    cluster = found(kubeconfig(tmp_path, user={"token": "my-token"}))

    assert "my-token" not in repr(await cluster.credentials())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: [", "line 1: is not YAML"),
        ("just text", "is not a mapping of keys to values."),
        ("", "current-context: names no context"),
        ("clusters: 1", "clusters: is not a list."),
        ("users: [{name: me, user: {token: 7}}]", "users[0].user.token: is not text."),
        ("users: [{user: {}}]", "users[0].name: is missing."),
        ("current-context: here", 'contexts: has no entry named "here"; there are: none'),
    ],
)
def test_a_broken_kubeconfig_is_told_by_file_and_field(tmp_path, text, told):
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(KubeconfigBroken) as raised:
        found(path)
    assert str(raised.value).startswith(f"{path}: {told}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("cluster", "user", "told"),
    [
        ({}, {}, 'clusters[lab].cluster.server: "" is not a URL'),
        ({"server": "192.0.2.1"}, {}, 'clusters[lab].cluster.server: "192.0.2.1" is not a URL'),
        (
            SERVER | {"certificate-authority": "none.crt"},
            {},
            "clusters[lab].cluster.certificate-authority: ",
        ),
        (SERVER, {"client-certificate": "none.crt"}, "users[me].user.client-certificate: "),
        (SERVER, {"client-key-data": "YQ=="}, "users[me].user.client-certificate: is missing"),
        (
            SERVER,
            {"exec": {"command": "no-such-plugin", "apiVersion": "v1", "installHint": "Get it."}},
            'users[me].user.exec.command: "no-such-plugin" is not found. Get it.',
        ),
    ],
)
def test_a_kubeconfig_that_cannot_work_is_told_by_file_and_field(tmp_path, cluster, user, told):
    path = kubeconfig(tmp_path, cluster=cluster, user=user)

    with pytest.raises(KubeconfigBroken) as raised:
        found(path)
    assert str(raised.value).startswith(f"{path}: {told}")


def test_a_kubeconfig_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KubeconfigBroken, match="cannot be read: No such file"):
        found(tmp_path / "config")


API = "client.authentication.k8s.io/v1"


@pytest.fixture
def plugin(tmp_path):
    """A kubeconfig whose exec plugin is this script; counts how often it ran."""

    def make(body, **config):
        script = tmp_path / "plugin"
        script.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        user = {"exec": {"apiVersion": API, "command": "./plugin"} | config}
        return found(kubeconfig(tmp_path, user=user))

    return make


def answers(**status):
    credential = {"apiVersion": API, "kind": "ExecCredential", "status": status}
    return (
        "runs = open('runs', 'a+'); runs.write('x'); runs.seek(0)\n"
        f"print(json.dumps({credential!r}).replace('RUN', str(len(runs.read()))))"
    )


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    """Plugins run in the folder that the generator was started in."""
    monkeypatch.chdir(tmp_path)


async def test_a_plugin_is_asked_once_for_as_long_as_its_token_is_good(plugin):
    cluster = plugin(answers(token="token-RUN", expirationTimestamp="2999-01-01T00:00:00Z"))

    first, second = await cluster.credentials(), await cluster.credentials()
    assert first.authorization == second.authorization == "Bearer token-1"


async def test_a_plugin_is_asked_again_when_its_token_has_run_out(plugin):
    cluster = plugin(answers(token="token-RUN", expirationTimestamp="2001-01-01T00:00:00Z"))

    await cluster.credentials()
    assert (await cluster.credentials()).authorization == "Bearer token-2"


async def test_a_plugin_is_asked_again_once_for_all_whom_its_token_failed(plugin):
    cluster = plugin(answers(token="token-RUN"))
    stale = await cluster.credentials()
    cluster.reject(stale)
    await cluster.credentials()
    cluster.reject(stale)

    assert (await cluster.credentials()).authorization == "Bearer token-2"


async def test_a_plugin_can_give_a_certificate(plugin):
    cluster = plugin(answers(clientCertificateData="CERT", clientKeyData="KEY"))
    credentials = await cluster.credentials()

    assert (credentials.certificate, credentials.key, credentials.authorization) == (
        "CERT",
        "KEY",
        "",
    )


async def test_a_plugin_is_told_what_it_asked_for(plugin):
    body = (
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "given = [sys.argv[1], os.environ['REGION'], info['spec']['cluster']['server']]\n"
        f"print(json.dumps(dict(apiVersion={API!r}, kind='ExecCredential',"
        " status=dict(token=' '.join(given)))))"
    )
    env = [{"name": "REGION", "value": "north"}]
    cluster = plugin(body, args=["get"], env=env, provideClusterInfo=True)

    assert (await cluster.credentials()).authorization == "Bearer get north https://192.0.2.1:6443"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sys.exit('first\\nlog in first')", "ended with 1: log in first"),
        ("print('secret-token')", "printed no ExecCredential"),
        (answers(), "printed no token and no certificate"),
        (answers(clientCertificateData="CERT"), "printed no token and no certificate"),
        (
            "print(json.dumps({'apiVersion': 'v0', 'kind': 'ExecCredential'}))",
            f"printed v0 ExecCredential, not {API}",
        ),
    ],
)
async def test_a_plugin_that_fails_is_reported_in_a_line_without_its_output(plugin, body, told):
    cluster = plugin(body)

    with pytest.raises(NoCredentials) as raised:
        await cluster.credentials()
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "secret-token" not in str(raised.value)


async def test_a_plugin_that_says_much_on_stderr_is_heard_out(plugin):
    body = "sys.stderr.write('x' * 1_000_000)\n" + answers(token="token")

    assert (await plugin(body).credentials()).authorization == "Bearer token"


async def test_an_old_auth_provider_is_left_to_the_library(tmp_path):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = f"{part({})}.{part({'sub': 'me'})}.sig"
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    cluster = found(kubeconfig(tmp_path, user=user))

    assert (await cluster.credentials()).authorization == f"Bearer {token}"
