"""The generator's flags: ingress-nginx's names, one value, one line where something is wrong."""

from pathlib import Path

import pytest

from generator.objects import Name
from generator.settings.ineffective_flags import NO_EFFECT
from generator.settings.reading import read_settings
from generator.settings.settings import Settings
from generator.settings.source import Cluster, Manifests


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("KUBECONFIG", "KUBERNETES_MASTER", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def read(tmp_path):
    """Settings of these flags, with a folder and a volume that are there."""

    def of(*flags: str) -> Settings:
        return read_settings([f"--manifests={tmp_path}", "--volume=/v", *flags])

    return of


@pytest.fixture
def refused(capsys):
    """The one line with which these flags are refused."""

    def of(*flags: str) -> str:
        with pytest.raises(SystemExit) as end:
            read_settings(flags)
        line = capsys.readouterr().err
        assert end.value.code == 2
        assert line.count("\n") == 1
        return line.removeprefix("pillion-generator: ").rstrip("\n")

    return of


def test_defaults_are_those_of_ingress_nginx(read, tmp_path):
    settings = read()
    assert settings.source == Manifests((tmp_path,))
    assert (settings.http_port, settings.https_port, settings.status_port) == (80, 443, 10246)
    assert (settings.ingress_class, settings.controller_class) == ("nginx", "k8s.io/ingress-nginx")
    assert settings.update_status
    assert not settings.disable_catch_all


def test_a_flag_beats_the_environment_and_that_beats_the_default(read, monkeypatch):
    monkeypatch.setenv("PILLION_HTTP_PORT", "8080")
    monkeypatch.setenv("PILLION_HTTPS_PORT", "8443")
    settings = read("--http-port=9080")
    assert (settings.http_port, settings.https_port) == (9080, 8443)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--ingress-class-by-name", True),
        ("--ingress-class-by-name=true", True),
        ("--ingress-class-by-name=1", True),
        ("--ingress-class-by-name=false", False),
        ("--ingress-class-by-name=F", False),
    ],
)
def test_booleans_are_written_as_in_go(read, flag, value):
    assert read(flag, "--http-port=81").ingress_class_by_name is value


def test_classless_ingresses_are_served_from_manifests_and_not_from_a_cluster(read):
    assert read().watch_ingress_without_class
    assert not read("--watch-ingress-without-class=false").watch_ingress_without_class
    cluster = read_settings(["--apiserver-host=http://127.0.0.1:1", "--volume=/v"])
    assert not cluster.watch_ingress_without_class


def test_names_lists_and_spans_are_read(read):
    settings = read(
        "--default-ssl-certificate=ops/tls",
        "--watch-namespace=a, b",
        "--publish-status-address=192.0.2.1,lb.example.com",
        "--debounce=250ms",
        "--worker-processes=4",
    )
    assert settings.default_ssl_certificate == Name("ops", "tls")
    assert settings.watch_namespaces == ("a", "b")
    assert settings.publish_status_address == ("192.0.2.1", "lb.example.com")
    assert settings.debounce_ms == 250
    assert settings.worker_processes == 4


def test_the_apiserver_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("KUBERNETES_MASTER", "http://127.0.0.1:1")
    settings = read_settings(["--volume=/v"])
    assert settings.source == Cluster(server="http://127.0.0.1:1")


def test_manifests_as_a_flag_beat_a_kubeconfig_of_the_environment(read, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert isinstance(read().source, Manifests)


def test_a_flag_without_effect_is_accepted_and_kept_with_its_reason(read):
    settings = read("--sync-period=1h", "--enable-metrics", "-v=2", "--profiling=false")
    assert [flag.name for flag in settings.ignored] == [
        "--enable-metrics",
        "--profiling",
        "--sync-period",
        "--v",
    ]
    assert all(flag.reason for flag in settings.ignored)


def test_every_flag_without_effect_is_accepted(read):
    settings = read(*(f"{n}=1" if flag.takes_value else n for n, flag in NO_EFFECT.items()))
    assert [flag.name for flag in settings.ignored] == sorted(NO_EFFECT)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--manifest=x",), "There is no flag --manifest. Did you mean --manifests?"),
        (("--http-port=0",), "Invalid value for '--http-port': \"0\" is not a port: a number"),
        (("--https-port=ssl",), "Invalid value for '--https-port': \"ssl\" is not a port"),
        (("--update-status=maybe",), "Invalid value for '--update-status': \"maybe\" is neither"),
        (
            ("--default-backend-service=web",),
            "Invalid value for '--default-backend-service': \"web\" is not NAMESPACE/NAME",
        ),
        (
            ("--watch-namespace=a,B_c",),
            "Invalid value for '--watch-namespace': \"B_c\" is not the name",
        ),
        (
            ("--annotations-prefix=foo bar",),
            "Invalid value for '--annotations-prefix': \"foo bar\" is not",
        ),
        (("--debounce=1h",), "Invalid value for '--debounce': \"1h\" is not a number of milli"),
        (("--log-level=loud",), "Invalid value for '--log-level': 'loud' is not one of 'debug'"),
        ((), "There is no source of Ingresses. Name a folder with --manifests DIR, a "),
        (("--manifests=/nowhere",), "--manifests /nowhere does not exist."),
        (("--kubeconfig=/nowhere",), "--kubeconfig /nowhere does not exist."),
        (
            ("--manifests=/", "--kubeconfig=/x"),
            "--manifests and --kubeconfig exclude each other. Give one of them.",
        ),
        (("--manifests=/",), "--volume is missing: the folder that is shared with the reloader."),
        (
            ("--manifests=/", "--volume=/v", "--http-port=443"),
            "--http-port and --https-port are both 443. Give each its own port.",
        ),
        (
            ("--manifests=/", "--volume=/v", "--probe-port=10254"),
            "--probe-port and --healthz-port are both 10254. Give each its own port.",
        ),
        (
            ("--manifests=/", "--volume=/v", "--template-dir=/nowhere"),
            "--template-dir /nowhere is not a folder.",
        ),
    ],
)
def test_what_is_wrong_is_one_line(refused, flags, expected):
    assert refused(*flags).startswith(expected)


def test_help_groups_the_flags_and_hides_those_without_effect(capsys):
    with pytest.raises(SystemExit) as end:
        read_settings(["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert "\nWhich Ingresses:\n" in shown
    assert "--sync-period" not in shown


def test_a_home_folder_in_the_kubeconfig_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config").touch()
    settings = read_settings(["--kubeconfig=~/config", "--volume=/v"])
    assert settings.source == Cluster(kubeconfig=str(Path(tmp_path, "config")))


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30), ("1m30s", 90), ("2500ms", 3), ("5m", 300)]
)
def test_an_election_ttl_is_read_as_go_writes_durations(read, text, expected):
    assert read(f"--election-ttl={text}").election_ttl_s == expected


@pytest.mark.parametrize("text", ["", "8", "1s", "6m", "-8s", "8 s", "1e1s", "9999999999h"])
def test_an_election_ttl_that_is_none_says_what_is_expected(text, capsys):
    with pytest.raises(SystemExit):
        read_settings(["--volume=x", "--manifests=.", f"--election-ttl={text}"])
    assert "is not a duration from 2s to 5m" in capsys.readouterr().err
