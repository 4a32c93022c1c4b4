"""The lab's programs are found or built once; a stand-in for Go shows it in milliseconds."""

from pathlib import Path

import pytest

from tests.lab import binaries
from tests.lab.errors import LabError

GO = """#!/bin/sh
[ "$1" = env ] && echo go99.0 && exit
echo "$@" >> "{log}"
while [ "$1" != -o ]; do shift; done
echo program > "$2"
exit {code}
"""


@pytest.fixture
def fake_go(tmp_path, monkeypatch):
    """Puts a Go on PATH that writes what it is asked for, then exits with a code."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def install(code: int) -> Path:
        log = tmp_path / "builds.log"
        (tmp_path / "go").write_text(GO.format(log=log, code=code))
        (tmp_path / "go").chmod(0o755)
        return log

    return install


def test_given_assets_win_over_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (tmp_path / "etcd").touch()
    assert binaries.find("etcd") == tmp_path / "etcd"


def test_a_program_that_given_assets_lack_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(LabError, match="kubectl is missing: KUBEBUILDER_ASSETS is set"):
        binaries.provide("kubectl")


def test_a_program_is_built_once_and_kept_by_its_version(fake_go):
    builds = fake_go(code=0)
    binaries.provide("etcd")
    binaries.provide("etcd")
    assert len(builds.read_text().splitlines()) == 1
    assert binaries.find("etcd").parent.name == f"etcd-{binaries.ETCD.version}"


def test_a_build_that_fails_halfway_leaves_no_program(fake_go):
    fake_go(code=1)
    with pytest.raises(LabError, match="etcd could not be built"):
        binaries.provide("etcd")
    with pytest.raises(LabError, match=r"`python -m tests\.lab\.binaries` builds it"):
        binaries.find("etcd")
