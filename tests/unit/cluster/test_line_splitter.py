from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.cluster.line_splitter import LineSplitter

texts = st.lists(st.binary(max_size=20).map(lambda text: text.replace(b"\n", b"")))


@settings(deadline=None)
@given(texts, st.lists(st.integers(min_value=0, max_value=200)))
def test_lines_are_the_same_however_the_stream_is_cut(lines, cuts):
    stream = b"".join(line + b"\n" for line in lines)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    splitter = LineSplitter()

    found = [line for start, end in pairwise(edges) for line in splitter.feed(stream[start:end])]

    assert found == [line for line in lines if line]
    assert not splitter.is_unfinished


def test_half_a_line_is_kept_and_reported_as_unfinished():
    splitter = LineSplitter()

    assert list(splitter.feed(b"one\ntw")) == [b"one"]
    assert splitter.is_unfinished
    assert list(splitter.feed(b"o\n")) == [b"two"]
    assert not splitter.is_unfinished


def test_a_line_of_megabytes_in_small_chunks_is_one_line():
    splitter, chunk = LineSplitter(), b"x" * 16384

    found = [line for _ in range(256) for line in splitter.feed(chunk)]

    assert found == []
    assert [len(line) for line in splitter.feed(b"\n")] == [256 * 16384]
