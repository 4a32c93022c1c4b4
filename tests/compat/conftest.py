"""Counts the answers that are the same, and tells how many at the end of a run."""

from collections import Counter

import pytest

from tests.compat.differences import Table
from tests.compat.scene import Scene


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    with Scene(tmp_path_factory.mktemp("compat")) as scene:
        yield scene


@pytest.fixture(scope="session")
def table(request):
    table = Table.read()
    yield table
    if request.config.getoption("--update"):
        table.write()


def pytest_terminal_summary(terminalreporter):
    """Tell the share of answers that are the same."""
    reports = [
        r for rs in terminalreporter.stats.values() for r in rs if hasattr(r, "user_properties")
    ]
    told = [dict(r.user_properties) for r in reports if getattr(r, "when", "") == "call"]
    counts = Counter()
    for each in told:
        counts.update({what: n for what, n in each.items() if isinstance(n, int)})
    if not counts["requests"]:
        return
    terminalreporter.section("compared with ingress-nginx")
    for what in ("requests", "cases"):
        whole, same = counts[what], counts[f"same {what}"]
        other = counts[f"deliberately other {what}"]
        terminalreporter.write_line(
            f"{what}: {same} of {whole} the same ({same / whole:.1%}), {other} otherwise by "
            f"decision, {whole - same - other} not yet"
        )
