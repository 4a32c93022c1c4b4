"""The import contracts of pyproject.toml, tried on copies that break them."""

import os
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("generator", "reloader", "pillion")
LINTER = Path(sys.executable).with_name("lint-imports")

BETWEEN_ROOMS = [
    ("translation.translate", "nginx.render"),
    ("translation.translate", "cluster.store"),
    ("translation.translate", "loop.controller"),
    ("nginx.render", "translation.translate"),
    ("nginx.render", "annotations.catalog"),
    ("nginx.render", "snapshot"),
    ("nginx.render", "values.regexes"),
    ("cluster.store", "translation.translate"),
    ("cluster.store", "manifests.source"),
    ("cluster.store", "annotations.catalog"),
    ("cluster.store", "model"),
    ("manifests.source", "cluster.store"),
    ("manifests.source", "annotations.catalog"),
    ("manifests.source", "model"),
    ("annotations.catalog", "cluster.store"),
    ("annotations.catalog", "nginx.quoting"),
    ("annotations.catalog", "translation.paths"),
    ("settings.settings", "annotations.catalog"),
    ("settings.settings", "cluster.store"),
    ("quarantine.holds", "annotations.catalog"),
    ("quarantine.holds", "volume.publisher"),
    ("quarantine.holds", "nginx.markers"),
    ("volume.publisher", "loop.controller"),
    ("loop.attempt", "components"),
    ("components", "probes"),
    ("model", "snapshot"),
    ("objects", "problems"),
]
PURE = [
    "annotations.catalog",
    "decode_errors",
    "loop.attempt",
    "loop.admin_choice",
    "model",
    "names",
    "room_of_tomorrow",
    "nginx.render",
    "objects",
    "problems",
    "quarantine.bisection",
    "snapshot",
    "translation.merge",
    "values.regexes",
]
INPUT_AND_OUTPUT = [
    *("aiohttp", "asyncio", "http", "io", "kubernetes", "os", "pathlib", "requests", "shutil"),
    *("socket", "structlog", "subprocess", "tempfile", "threading", "urllib", "watchdog"),
]
BETWEEN_PROGRAMS = [
    ("generator.volume.publisher", "reloader.master"),
    ("generator.model", "reloader.module_of_tomorrow"),
    ("generator.__main__", "pillion.up"),
    ("reloader.live", "generator.model"),
    ("reloader.live", "pillion.child"),
    ("reloader.contract", "reloader.live"),
    ("pillion.up", "kubernetes"),
]
FORBIDDEN = [
    *((f"generator.{importer}", f"generator.{imported}") for importer, imported in BETWEEN_ROOMS),
    *(
        (f"generator.{importer}", imported)
        for importer, imported in product(PURE, INPUT_AND_OUTPUT)
    ),
    ("generator.nginx.template_files", "os"),
    ("generator.loop.attempt", "random"),
    *BETWEEN_PROGRAMS,
]


OF_TOMORROW = ("generator.room_of_tomorrow", "reloader.module_of_tomorrow")


def module_file(folder, name):
    return folder / f"{name.replace('.', '/')}.py"


def copy_packages(folder):
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.pyc"))


def lint(folder):
    return subprocess.run(
        [LINTER, "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold_for_the_code_as_it_is(tmp_path):
    copy_packages(tmp_path)
    linted = lint(tmp_path)
    assert linted.returncode == 0, linted.stdout
    assert " 0 broken" in linted.stdout


def test_every_module_that_is_tried_is_there():
    tried = {name for edge in FORBIDDEN for name in edge if name.startswith(PACKAGES)}
    missing = [name for name in tried if not module_file(ROOT, name).exists()]
    assert sorted(missing) == sorted(OF_TOMORROW)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What is reported when every forbidden import is there at once."""
    folder = tmp_path_factory.mktemp("forbidden")
    copy_packages(folder)
    for name in OF_TOMORROW:
        module_file(folder, name).touch()
    for importer, imported in FORBIDDEN:
        with module_file(folder, importer).open("a") as module:
            module.write(f"\nimport {imported}\n")
    return lint(folder).stdout


def test_every_forbidden_import_is_reported_by_itself(report):
    reported = set(re.findall(r"^- +(\S+) -> (\S+) \(l[^\n]*\)\n\n", report, re.MULTILINE))
    assert [edge for edge in FORBIDDEN if edge not in reported] == []


def test_a_new_room_or_module_has_to_be_placed(report):
    assert "- generator.room_of_tomorrow\n" in report
    assert "- reloader.module_of_tomorrow\n" in report


def test_the_reloader_needs_no_packages_but_watchdog_and_structlog():
    graph = grimp.build_graph("reloader", include_external_packages=True, cache_dir=None)
    needed = {name for name in graph.modules if not name.startswith("reloader")}
    assert needed - sys.stdlib_module_names == {"watchdog", "structlog"}
