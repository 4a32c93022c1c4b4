"""Lines of the configuration and their owners."""

import pytest

from generator.nginx.errors import Unwritable
from generator.nginx.markers import marker, owner_of
from tests.drivers import models

TEXT = """\
http {
    # ingress a/b
    location / {
        return 200;
    }
    # end of ingress
    server_name x;
# ingress c/d.e
    location / {}
"""


def owners(text):
    return [str(owner_of(text, n + 1) or "") for n in range(len(text.splitlines()))]


def test_each_line_of_a_region_belongs_to_its_ingress_and_no_other_line_does():
    assert owners(TEXT) == ["", "a/b", "a/b", "a/b", "a/b", "", "", "c/d.e", "c/d.e"]


def test_a_line_beyond_the_end_and_none_at_all_are_nobodys():
    assert owner_of("", 1) is None
    assert owner_of("a\n# end of ingress", 99) is None


def test_a_marker_in_the_midst_of_a_line_is_none():
    assert owner_of('set $a "# ingress a/b";\nreturn 200;', 2) is None


def test_a_name_that_is_not_one_never_becomes_a_marker():
    with pytest.raises(Unwritable):
        marker(models.ingress("default/a\n# ingress evil/b"))
