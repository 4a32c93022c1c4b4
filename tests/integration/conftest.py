"""A served folder of manifests for whatever a test puts into it."""

from collections.abc import Callable, Iterator

import pytest

from tests.drivers.served_folder import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Site]:
    """One for all tests of a process; each says by `holds` what the folder has."""
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def fresh_site(tmp_path_factory) -> Callable[..., Site]:
    """Makes a Site of one's own, with flags of one's own: a context manager."""
    return lambda *flags: Site(tmp_path_factory.mktemp("site"), *flags)
