"""Sites that are attacked, each module its own."""

import pytest

from tests.drivers.served_folder import Site


@pytest.fixture(scope="session")
def fresh_site_of(tmp_path_factory):
    """Makes a Site with flags of one's own: a context manager."""
    return lambda *flags: Site(tmp_path_factory.mktemp("site"), *flags)


@pytest.fixture(scope="module")
def site_of_its_own(fresh_site_of):
    """A Site for the tests of one module."""
    with fresh_site_of() as site:
        yield site
