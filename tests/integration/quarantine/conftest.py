"""A served folder in front of an nginx that refuses what a test says."""

import pytest

from tests.drivers.served_folder import Site
from tests.drivers.strict_nginx import RefusingNginx
from tests.lab.backend import Backend


@pytest.fixture
def nginx(tmp_path):
    return RefusingNginx(tmp_path / "nginx")


@pytest.fixture
def site(nginx, tmp_path):
    with Site(tmp_path, f"--nginx-bin={nginx.program}") as site:
        yield site


@pytest.fixture
def backend():
    with Backend("shop", "127.0.0.1") as backend:
        yield backend
