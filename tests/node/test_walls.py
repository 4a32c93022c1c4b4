"""What an intruder in one container of the pod can reach."""

import pytest

from tests.drivers.escapes import walls

WALLS = walls()


@pytest.fixture(scope="module")
def release(install):
    return install()


@pytest.fixture(scope="module")
def pod_with(release):
    """A pod like the release's with walls taken away by these values; one for all their tests."""
    made = {}

    def opened(opening):
        if opening.name not in made:
            made[opening.name] = release.variant(opening.name, opening.values)
        return made[opening.name]

    return opened


@pytest.mark.parametrize("wall", WALLS, ids=str)
def test_the_wall_holds(release, wall):
    ran = release.run(wall.container, "sh", "-c", wall.attempt)
    assert ran.status != 0, ran.output
    assert "no such process" not in ran.output


@pytest.mark.slow
@pytest.mark.parametrize("wall", WALLS, ids=str)
def test_the_attempt_gets_through_where_the_wall_is_gone(release, pod_with, wall):
    ran = release.run(wall.container, "sh", "-c", wall.attempt, pod=pod_with(wall.opening))
    assert ran.status == 0, ran.output
