"""Values give exactly these objects: `defaults` whole, the others as what differs from it."""

import difflib
from functools import cache
from pathlib import Path

import yaml

from tests.drivers import charts

DEFAULTS = Path(__file__).parent / "golden" / "defaults"


def test_values_give_exactly_these_objects(case, update):
    got = charts.rendered(_values(case))
    if case == DEFAULTS:
        expected = case / "rendered.yaml"
    else:
        got, expected = _difference(_defaults(), got), case / "rendered.diff"
    if update:
        expected.write_text(got)
    assert got == expected.read_text()


def test_helm_finds_nothing_to_complain_about(case):
    assert charts.lint(_values(case)) == ""


def _values(case: Path) -> dict:
    return yaml.safe_load((case / "values.yaml").read_text())


@cache
def _defaults() -> str:
    return charts.rendered({})


def _difference(before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), n=2
    )
    # Line numbers would move in every case whenever one line is added above.
    return "".join("@@\n" if line.startswith("@@") else line for line in list(lines)[2:])
