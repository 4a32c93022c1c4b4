"""`make golden` rewrites what golden tests expect."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="rewrite the golden tests' files")


@pytest.fixture
def update(request):
    return request.config.getoption("--update", default=False)
