"""A served folder of manifests for whatever a test puts into it."""

from collections.abc import Callable, Iterator

import pytest

from tests.drivers.served_folder import Site
from tests.lab import lua_nginx
from tests.lab.errors import LabError


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Site]:
    """One for all tests of a process; each says by `holds` what the folder has."""
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def fresh_site(tmp_path_factory) -> Callable[..., Site]:
    """Makes a Site of one's own, with flags of one's own: a context manager."""
    return lambda *flags: Site(tmp_path_factory.mktemp("site"), *flags)


@pytest.fixture(scope="session")
def lua() -> str:
    """The program of an nginx whose Lua works."""
    try:
        return lua_nginx.find()
    except LabError as error:
        return pytest.skip(f"no nginx with Lua: {error}")
