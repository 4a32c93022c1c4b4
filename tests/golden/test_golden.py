"""What is given and what it comes to; and for each case, what holds for all."""

import pytest

from generator.translation import Memo
from tests.drivers import ingresses, nginx, snapshots
from tests.golden.cases import (
    FOLDERS,
    HERE,
    VOLUME,
    blocks,
    case,
    fragment,
    joined,
    problems_text,
    shuffled,
    whole,
)

UNRELATED = snapshots.snapshot(
    *(
        ingresses.ingress(
            ingresses.rule(f"{name}.unrelated.test", ("Prefix", "/", name)),
            name=name,
            annotations=annotations,
        )
        for name, annotations in {
            "unrelated-a": {"proxy-body-size": "8 megabytes"},
            "unrelated-z": {"use-regex": "true", "force-ssl-redirect": "true"},
        }.items()
    ),
    *snapshots.published("unrelated-a"),
)

cases = pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: str(f.relative_to(HERE)))


@cases
def test_the_input_gives_exactly_this_configuration_and_these_problems(folder, update):
    given = case(folder)
    found = given.built()
    text = whole(found.model) if folder.parent.name == "whole" else fragment(found.model)
    told = problems_text(found, given)
    if update:
        (folder / "nginx.conf").write_text(text)
        (folder / "problems.txt").write_text(told)
    assert text == (folder / "nginx.conf").read_text()
    assert told == (folder / "problems.txt").read_text()


@cases
def test_the_order_in_which_objects_are_read_does_not_matter(folder):
    given = case(folder)
    found = given.built()
    for seed in range(3):
        again = given.built(shuffled(given.snapshot, seed))
        assert (again.model, again.problems) == (found.model, found.problems)


@cases
def test_nginx_takes_the_configuration(folder, tmp_path):
    model = case(folder).built().model
    (tmp_path / "files").mkdir()
    for file in model.files():
        (tmp_path / "files" / file.digest).write_bytes(file.content)
    assert nginx.complaint(whole(model).replace(VOLUME, str(tmp_path)), tmp_path) == ""


@cases
def test_unrelated_ingresses_leave_its_lines_and_problems_alone(folder):
    given = case(folder)
    found = given.built()
    more = given.built(joined(given.snapshot, UNRELATED))
    assert {*blocks(found.model)} <= {*blocks(more.model)}
    assert {*found.problems} <= {*more.problems}


@cases
def test_what_is_built_step_by_step_is_what_is_built_at_once(folder):
    given = case(folder)
    memo = Memo()
    for name in sorted({ref.name for ref in given.snapshot.origins}):
        less = given.without(name)
        for snapshot in (less, given.snapshot, less, given.snapshot):
            step, scratch = given.built(snapshot, memo), given.built(snapshot)
            assert (step.model, step.problems) == (scratch.model, scratch.problems)
