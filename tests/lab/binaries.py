"""Finds the programs of Kubernetes, or builds them once from Go modules.

`$KUBEBUILDER_ASSETS` wins where it is set. Otherwise each program is built from
the modules pinned in `go/` and kept under the user's cache folder, one folder a
version, so that a newer pin never meets an older build. A program appears there
by a rename, so one that is there is whole; a lock keeps two builds apart.

`python -m tests.lab.binaries` builds what is missing and says where it is.
"""

import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import toolchain
from tests.lab.errors import LabError

PINS = Path(__file__).parent / "go"


@dataclass(frozen=True)
class Module:
    """A Go module that holds programs: its folder in `go/` pins it."""

    name: str
    path: str
    """The import path whose version counts."""

    @property
    def pin(self) -> Path:
        """Where go.mod and go.sum of this module are."""
        return PINS / self.name

    @property
    def version(self) -> str:
        """The pinned version, without its v."""
        pinned = re.search(
            rf"^(?:require|\s)\s*{re.escape(self.path)} v(\S+)", self._go_mod(), re.MULTILINE
        )
        if not pinned:
            raise LabError(f"{self.pin}/go.mod does not require {self.path}.")
        return pinned[1]

    @property
    def go_version(self) -> tuple[int, ...]:
        """The oldest Go that builds it."""
        needed = re.search(r"^go (\S+)$", self._go_mod(), re.MULTILINE)
        return toolchain.numbers(needed[1]) if needed else ()

    def _go_mod(self) -> str:
        return (self.pin / "go.mod").read_text()


KUBERNETES = Module("kubernetes", "k8s.io/kubernetes")
ETCD = Module("etcd", "go.etcd.io/etcd/server/v3")
HELM = Module("helm", "helm.sh/helm/v3")


@dataclass(frozen=True)
class Program:
    """One program: the module and the package it is built from."""

    name: str
    module: Module
    package: str


def _kubernetes(name: str) -> Program:
    return Program(name, KUBERNETES, f"{KUBERNETES.path}/cmd/{name}")


PROGRAMS = {
    program.name: program
    for program in (
        Program("etcd", ETCD, ETCD.path),
        _kubernetes("kube-apiserver"),
        _kubernetes("kubectl"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kubelet"),
        _kubernetes("kube-proxy"),
        Program("helm", HELM, f"{HELM.path}/cmd/helm"),
    )
}
CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl")
CHART = ("helm",)


def find(name: str) -> Path:
    """Where a program is; a LabError with the way out where it is not."""
    path = _assets_or_cached(name)
    if not path.exists():
        raise LabError(
            f"{path} is missing: "
            + (
                "KUBEBUILDER_ASSETS is set, so it must hold it."
                if _assets()
                else "`python -m tests.lab.binaries` builds it."
            )
        )
    return path


def provide(*names: str) -> None:
    """Builds what is neither given nor cached; says so on stderr as it goes."""
    missing = [PROGRAMS[name] for name in names if not _assets_or_cached(name).exists()]
    if not missing:
        return
    if _assets():
        find(missing[0].name)
    with _only_one_build():
        for program in missing:
            if not _cached(program).exists():
                _build(program)


def cache() -> Path:
    """The folder that the lab keeps between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pillion"


def _assets() -> Path | None:
    given = os.environ.get("KUBEBUILDER_ASSETS")
    return Path(given) if given else None


def _assets_or_cached(name: str) -> Path:
    assets = _assets()
    return assets / name if assets else _cached(PROGRAMS[name])


def _cached(program: Program) -> Path:
    return cache() / f"{program.module.name}-{program.module.version}" / program.name


def _build(program: Program) -> None:
    target, module = _cached(program), program.module
    target.parent.mkdir(parents=True, exist_ok=True)
    go = toolchain.go(module.go_version, cache())
    _say(f"building {program.name} {module.version} from Go modules, once (about 1 to 6 min)")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        built = Path(scratch) / program.name
        command = [go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false"]
        command += ["-ldflags", _ldflags(module), "-o", str(built), program.package]
        if subprocess.run(
            command, cwd=module.pin, env=toolchain.environment(), check=False
        ).returncode:
            raise LabError(f"{program.name} could not be built; Go says why above.")
        built.rename(target)
    _say(f"built {target} in {time.monotonic() - started:.0f} s")


def _ldflags(module: Module) -> str:
    """Smaller programs, told the versions that their own makefiles tell them."""
    told = {KUBERNETES: _kubernetes_told, HELM: _helm_told}.get(module, dict)()
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in told.items())])


def _kubernetes_told() -> dict[str, str]:
    """Clients read it."""
    major, minor, _ = KUBERNETES.version.split(".", 2)
    told = {"gitVersion": f"v{KUBERNETES.version}", "gitMajor": major, "gitMinor": minor}
    return {f"k8s.io/component-base/version.{name}": value for name, value in told.items()}


def _helm_told() -> dict[str, str]:
    """What `helm template` takes the cluster for; untold, it is Kubernetes 1.20."""
    major, minor, _ = KUBERNETES.version.split(".", 2)
    capabilities = f"{HELM.path}/pkg/chartutil.k8sVersion"
    return {
        f"{HELM.path}/internal/version.version": f"v{HELM.version}",
        f"{capabilities}Major": major,
        f"{capabilities}Minor": minor,
    }


@contextmanager
def _only_one_build() -> Iterator[None]:
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(f"lab: {line}", file=sys.stderr, flush=True)


def main() -> int:
    """Provides the programs named as arguments, or those that tests need without a node."""
    names = sys.argv[1:] or (*CONTROL_PLANE, *CHART)
    try:
        provide(*names)
        for name in names:
            print(find(name))
    except LabError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
