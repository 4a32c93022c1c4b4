"""Cases: a folder each, `FEATURE/CASE/`, with what is given and what it comes to.

input.yaml     the smallest manifests that show it
flags.txt      flags of the generator, a line each; mostly there are none
nginx.conf     the servers and upstreams that this input makes; in `whole/` the whole file
problems.txt   a line each, as `pillion lint` prints it; empty if none
"""

import random
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from generator.components import translation_settings_of
from generator.directives import File
from generator.manifests.folder import read_manifests
from generator.model import Certificate, Model
from generator.nginx import render as rendering
from generator.nginx.capabilities import Capabilities
from generator.nginx.surroundings import Surroundings
from generator.nginx.template_files import built_in
from generator.settings.reading import read_settings
from generator.snapshot import Snapshot
from generator.translation import Memo, Translation, TranslationSettings, translate
from pillion.lint import as_text, located
from tests.drivers.snapshots import options

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.glob("*/*/input.yaml"))

VOLUME = "/volume"
ENVIRONMENT = Surroundings(
    files=f"{VOLUME}/files",
    pid=f"{VOLUME}/nginx.pid",
    temp=f"{VOLUME}/temp",
    http_port=8080,
    https_port=8443,
    status_port=8081,
    resolvers=("192.0.2.53",),
    access_log=f"{VOLUME}/access.log",
    capabilities=Capabilities.of("1.31.3", ["http_v2_module", "http_realip_module"]),
)
TEMPLATES = built_in()
FALLBACK = Certificate(File((HERE / "fallback.pem").read_bytes()))

_OPTIONS = re.compile(r"# Clients\.\n(.*?)\n *# What single Ingresses need", re.DOTALL)
_PIECES = re.compile(r"# What single Ingresses need.*?\n(.*?)\n *# One zone for all", re.DOTALL)
_BLOCK = re.compile(
    r"^    (?:# service [^\n]*\n    )?(?:server|upstream [^\n]+) \{\n.*?^    \}\n",
    re.DOTALL | re.MULTILINE,
)


class Case(Struct, frozen=True, kw_only=True):
    """What is given."""

    folder: Path
    snapshot: Snapshot
    options: TranslationSettings

    def built(self, snapshot: Snapshot | None = None, memo: Memo | None = None) -> Translation:
        """What the case, or another snapshot in its place, comes to."""
        return translate(snapshot or self.snapshot, self.options, memo or Memo())

    def without(self, name: object) -> Snapshot:
        """The snapshot without what is called so."""
        return changed(self.snapshot, lambda t: {n: o for n, o in t.items() if n != name})


@cache
def case(folder: Path) -> Case:
    """Read a case."""
    flags = folder / "flags.txt"
    given = flags.read_text().split() if flags.exists() else []
    source = folder / "input.yaml"
    settings = read_settings(["--manifests", str(source), "--volume", VOLUME, *given])
    snapshot = read_manifests([source])
    return Case(
        folder=folder, snapshot=snapshot, options=translation_settings_of(settings, FALLBACK)
    )


_TABLES = (
    *("ingresses", "ingress_classes", "services", "endpoint_slices", "secrets", "config_maps"),
)


def changed(snapshot: Snapshot, change: Callable[[Mapping], Mapping]) -> Snapshot:
    """The snapshot with each of its tables changed."""
    return replace(snapshot, **{name: change(getattr(snapshot, name)) for name in _TABLES})


def shuffled(snapshot: Snapshot, seed: int) -> Snapshot:
    """The same objects, read in another order."""
    dice = random.Random(seed)
    return changed(snapshot, lambda table: dict(dice.sample([*table.items()], len(table))))


def joined(one: Snapshot, other: Snapshot) -> Snapshot:
    """All that is in either."""
    return replace(one, **{n: {**getattr(one, n), **getattr(other, n)} for n in _TABLES})


def whole(model: Model) -> str:
    """The whole configuration."""
    return rendering.render(model, ENVIRONMENT, TEMPLATES, rendering.Memo()).body(1).decode()


def blocks(model: Model) -> list[str]:
    """The servers and upstreams of a model."""
    return [textwrap.dedent(block) for block in _BLOCK.findall(whole(model))]


@cache
def _nothing() -> Model:
    """The model without any Ingress."""
    return translate(Snapshot(), options(fallback_certificate=FALLBACK), Memo()).model


@cache
def of_nothing() -> frozenset[str]:
    """The blocks of a configuration without any Ingress."""
    return frozenset(blocks(_nothing()))


def fragment(model: Model) -> str:
    """What no other configuration has: lines outside of servers, and whole blocks."""
    own = [block for block in blocks(model) if block not in of_nothing()]
    around = "".join(f"{line}\n" for line in _around(model))
    return "\n".join([*([around] if around else []), *own])


def _around(model: Model) -> list[str]:
    """The lines of options that differ from their defaults, and of what Ingresses add."""
    plain = {line for line in _options_text(_nothing()).splitlines() if line.strip() != "}"}
    said = [line for line in _options_text(model).splitlines() if line not in plain]
    lines = textwrap.dedent("\n".join([*said, *_PIECES.search(whole(model))[1].splitlines()]))
    return [line for line in lines.splitlines() if line.strip()] if model.pieces or said else []


def _options_text(model: Model) -> str:
    """The part of a configuration that options decide, without the ends of its blocks."""
    text = _OPTIONS.search(whole(model))[1]
    return "\n".join(line for line in text.splitlines() if line.strip() != "}")


def problems_text(found: Translation, given: Case) -> str:
    """The problems as `pillion lint` prints them, run in the folder of the case."""
    lines = (as_text(finding) for finding in located(found.problems, given.snapshot))
    return "".join(f"{line.removeprefix(f'{given.folder}/')}\n" for line in lines)
