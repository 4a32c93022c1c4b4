"""Sites that are attacked, each module its own."""

import pytest

from tests.integration.conftest import fresh_site

__all__ = ["fresh_site"]


@pytest.fixture(scope="module")
def site_of_its_own(fresh_site):
    """A Site for the tests of one module."""
    with fresh_site() as site:
        yield site
