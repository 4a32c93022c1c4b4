"""The longest prefix of a path, among many."""

from hypothesis import given
from hypothesis import strategies as st

from generator.translation import merge

TEXTS = st.text(alphabet="/ab", max_size=8).map("/{}".format)


class Counted(str):
    """A path that counts how often it is compared."""

    __slots__ = ("asked",)

    def startswith(self, *given):
        self.asked = getattr(self, "asked", 0) + 1
        return super().startswith(*given)


@given(TEXTS, st.sets(TEXTS))
def test_it_is_the_one_that_looking_at_each_would_find(path, prefixes):
    ordered = sorted(prefixes | {"/"})
    expected = max((p for p in ordered if path.startswith(p)), key=len)
    assert merge._longest(path, ordered) == expected


def test_it_is_found_without_looking_at_each():
    path = Counted("/" + "b" * 20 + "/x")
    merge._longest(path, sorted(["/", *(f"/{'b' * 20}/{n}" for n in range(5000))]))
    assert path.asked < 10
