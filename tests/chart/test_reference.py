"""What is written from values.yaml is in step with it, and complete."""

import importlib.util

import pytest

from tests.drivers.charts import CHART

_SPEC = importlib.util.spec_from_file_location("chart_reference", CHART / "reference.py")
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)


def test_what_is_written_from_the_values_is_in_step_with_them():
    stale = [path.name for path, text in reference.written().items() if path.read_text() != text]
    assert stale == [], "`make golden` writes them anew"


def test_a_value_without_a_text_is_an_error():
    with pytest.raises(reference.Undocumented, match=r"controller\.kind has no `# -- `"):
        list(reference.values("controller:\n  kind: Deployment\n"))


def test_a_value_is_told_by_the_comment_above_it():
    source = "# -- Kind of it,\n# or another.\n# @ignored there is one\nkind: Both\n"
    (value,) = reference.values(source)
    assert (value.name, value.text, value.ignored, value.default) == (
        "kind",
        "Kind of it, or another.",
        "there is one",
        "Both",
    )


def test_an_option_that_is_there_is_not_refused():
    told = reference.told([])
    assert told["options"]
    assert not set(told["options"]) & set(told["guards"])
