"""The longest prefix of a path, among many."""

from hypothesis import given
from hypothesis import strategies as st

from generator.translation.prefixes import Prefixes

TEXTS = st.text(alphabet="/ab", max_size=8).map("/{}".format)


class Counted(str):
    """A path that counts how often it is looked at."""

    __slots__ = ("asked",)

    def __getitem__(self, *given):
        self.asked = getattr(self, "asked", 0) + 1
        return super().__getitem__(*given)


@given(TEXTS, st.sets(TEXTS))
def test_it_is_the_one_that_looking_at_each_would_find(path, prefixes):
    prefixes |= {"/"}
    expected = max((p for p in prefixes if path.startswith(p)), key=len)
    assert Prefixes(prefixes).longest(path) == expected


def test_it_is_found_without_looking_at_each():
    path = Counted("/" + "b" * 20 + "/x")
    found = Prefixes(["/", *(f"/{'b' * 20}/{n}" for n in range(5000))]).longest(path)
    assert (found, path.asked < 10) == ("/", True)


def test_a_path_without_one_has_none():
    assert Prefixes(["/a"]).longest("/b") is None
