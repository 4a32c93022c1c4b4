"""One running pair, whose folder of manifests holds one group of cases after another."""

import itertools
import json
from collections.abc import Iterable
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import Any, Self

from reloader.contract import Status, Volume, Wish, read_or_none
from tests.compat import backends
from tests.compat.asking import Asker
from tests.compat.certificates import Certificates
from tests.compat.corpus import Case, Fields, cases
from tests.compat.manifests import Objects, written
from tests.drivers import ingresses
from tests.drivers.dns import name_server
from tests.drivers.pair import Pair
from tests.lab.client import Object
from tests.lab.waiting import eventually

NAMES = {"ext.corpus.test": "10.77.0.3", "alias.corpus.test": "10.77.0.4"}
_CLASSES = (
    ingresses.ingress_class("nginx"),
    ingresses.ingress_class("other", "example.test/other"),
)
_SERVED_WITHIN_S = 60
_RESOLVER = "resolver{% for address in resolvers %} {{ address }}{% endfor %} valid"
_FLAGS = (
    "--configmap=corpus/options",
    "--tcp-services-configmap=corpus/tcp-services",
    "--watch-ingress-without-class",
    "--worker-processes=1",
)


class Scene:
    """A context manager; the pair runs within."""

    def __init__(self, scratch: Path) -> None:
        self._folder, self._templates = scratch / "manifests", scratch / "templates"
        self._scratch = scratch
        flags = [f"--manifests={self._folder}", f"--template-dir={self._templates}", *_FLAGS]
        self._pair = Pair(scratch, flags)
        self._running = ExitStack()
        self._marks = itertools.count(1)
        self._group: tuple[bool, bool, str] | None = None
        self._objects: dict[str, Objects] = {}

    def __enter__(self) -> Self:
        for folder in (self._folder, self._templates, self._scratch / "certificates"):
            folder.mkdir()
        self._certificates = Certificates(self._scratch / "certificates")
        self._log = self._running.enter_context(backends.running(self._certificates))
        self._resolve_by(self._running.enter_context(name_server(NAMES)))
        self._write("classes", _CLASSES)
        self._running.enter_context(self._pair)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def answers(self, case: Case) -> list[Fields]:
        """What the pair answers to the requests of a case, in order."""
        if case.group != self._group:
            self._serve([each for each in cases() if each.group == case.group])
            self._group = case.group
        ports = (self._pair.http_port, self._pair.https_port)
        asker = Asker(
            case, *ports, self._certificates, self._log, lambda step: self._change(case, step)
        )
        return asker.answers()

    def _resolve_by(self, server: str) -> None:
        """Have nginx ask the corpus's name server, whatever this machine asks."""
        template = resources.files("generator.nginx").joinpath("templates/http.j2").read_text()
        assert _RESOLVER in template
        changed = template.replace(_RESOLVER, f"resolver {server} valid")
        self._templates.joinpath("http.j2").write_text(changed)

    def _serve(self, group: list[Case]) -> None:
        for file in self._folder.glob("c-*"):
            file.unlink()
        first = group[0]
        options = {key: written(value) for key, value in first.config.items()}
        services = {str(port): target for port, target in (first.tcp or {}).items()}
        self._write("options", [_config_map("options", options)])
        self._write("tcp", [_config_map("tcp-services", services)])
        self._objects = {case.name: Objects(case, self._certificates) for case in group}
        for case in group:
            self._write_case(case)
        self._wait()

    def _change(self, case: Case, step: dict[str, Any]) -> None:
        self._objects[case.name].change(step)
        self._write_case(case)
        self._wait()

    def _write_case(self, case: Case) -> None:
        self._write(case.namespace, self._objects[case.name])

    def _write(self, name: str, things: Iterable[Object]) -> None:
        """Write one file, which appears whole."""
        scratch = self._scratch / "scratch.yaml"
        scratch.write_text("\n---\n".join(json.dumps(thing) for thing in things))
        scratch.rename(self._folder / f"{name}.yaml")

    def _wait(self) -> None:
        """Return when all that was written before is served: a host made last tells."""
        mark = f"mark-{next(self._marks)}.corpus.test"
        rule = ingresses.rule(mark, ("Prefix", "/", "nobody"))
        beacon = ingresses.ingress(rule, name="mark", ingressClassName="nginx")
        self._write("mark", [beacon])
        eventually(lambda: self._is_live(mark), within_s=_SERVED_WITHIN_S, every_s=0.02)

    def _is_live(self, mark: str) -> bool:
        volume = Volume(self._pair.volume)
        status = read_or_none(volume.status, Status.parse)
        live = read_or_none(volume.live, Wish.parse)
        served = status and live and status.serving == live.generation
        return bool(served and live and mark.encode() in live.body)


def _config_map(name: str, data: dict[str, str]) -> Object:
    metadata = {"name": name, "namespace": "corpus"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
