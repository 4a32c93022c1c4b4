"""Each request of the corpus is answered as by ingress-nginx, or the table says why not."""

import pytest

from tests.compat.corpus import cases, expected
from tests.compat.differences import differing

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_answered_as_by_ingress_nginx_or_as_the_table_says(
    case, scene, table, update, record_property
):
    wanted, got = expected()[case.name], scene.answers(case)
    found = [differing(one, other) for one, other in zip(wanted, got, strict=True)]
    if update:
        for number, fields in enumerate(found, 1):
            table.learn(case.name, number, fields)
    _count(case, found, table, record_property)
    told = []
    for number, fields in enumerate(found, 1):
        if fields == table.fields(case.name, number):
            continue
        told.append(f"{case.name}/{number}: {case.requests[number - 1]}")
        told += [
            f"  {name}: {_shown(wanted, number, name)} -> {_shown(got, number, name)}"
            for name in fields
        ]
        told += [f"  {name}: no difference any more" for name in _gone(table, case, number, fields)]
    assert not told, "\n".join(["", *told])


def test_the_table_names_requests_that_there_are(table):
    there = {(case.name, number) for case in CASES for number, _ in enumerate(case.requests, 1)}

    assert not table.known.keys() - there


def _gone(table, case, number, fields):
    return [name for name in table.fields(case.name, number) if name not in fields]


def _shown(answers, number, name):
    return repr(answers[number - 1].get(name, "nothing"))


def _count(case, found, table, record_property):
    """Tell how many answers are the same, for the summary."""
    numbers = range(1, len(found) + 1)
    other = [n for n in numbers if found[n - 1] and table.is_deliberate(case.name, n)]
    same = [n for n in numbers if not found[n - 1]]
    record_property("requests", len(found))
    record_property("same requests", len(same))
    record_property("deliberately other requests", len(other))
    record_property("cases", 1)
    record_property("same cases", int(len(same) == len(found)))
    whole = len(same) < len(found) and len(same) + len(other) == len(found)
    record_property("deliberately other cases", int(whole))
