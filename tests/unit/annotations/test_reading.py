"""One Ingress's annotations: what is given, what is told, and what denies."""

import pytest

from generator.annotations.body_size import PROXY_BODY_SIZE
from generator.annotations.reading import read
from generator.annotations.source_ranges import ALLOWLIST_SOURCE_RANGE
from generator.directives import Size
from generator.objects import Kind, Name, ObjectRef
from generator.options.declaration import GlobalValues
from generator.problems import Code, Severity

PREFIX = "nginx.ingress.kubernetes.io"
OWNER = ObjectRef(Kind.INGRESS, Name("default", "shop"))


def reading(**annotations):
    written = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in annotations.items()}
    return read(written, PREFIX, OWNER, GlobalValues())


def test_what_is_not_set_has_its_default_and_an_empty_value_is_not_set():
    values, problems = reading(proxy_body_size=" ")
    assert (values[PROXY_BODY_SIZE], values.given, problems) == (Size(1 << 20), {}, ())


def test_an_annotation_under_another_prefix_is_none_of_ours():
    assert (
        read(
            {"nginx.org/proxy-body-size": "x", f"{PREFIX}x/y": "z"}, PREFIX, OWNER, GlobalValues()
        )[1]
        == ()
    )


def test_a_value_that_is_wrong_leaves_the_default_and_says_so():
    values, (problem,) = reading(proxy_body_size="8 megabytes")
    assert values[PROXY_BODY_SIZE] == Size(1 << 20)
    assert problem.message == '"8 megabytes" is not a size.'
    assert problem.hint == "Write a number with k, m or g, such as 8m."
    assert problem.meanwhile == "1m, the default"


@pytest.mark.parametrize("name", ["allowlist-source-range", "whitelist-source-range"])
def test_an_older_name_is_checked_and_denies_as_the_main_one_does(name):
    values, (problem,) = read({f"{PREFIX}/{name}": "10.0.0.0/99"}, PREFIX, OWNER, GlobalValues())
    assert (values.denied, problem.field, problem.code) == (True, name, Code.ANNOTATION_INVALID)
    assert problem.advice.endswith("Meanwhile: its paths answer 503, since this guards access.")


def test_an_older_name_counts_only_without_the_main_one_and_is_never_dropped_silently():
    values, (problem,) = reading(allowlist_source_range="10.0.0.0/8", whitelist_source_range="::/0")
    assert values[ALLOWLIST_SOURCE_RANGE] == ("10.0.0.0/8",)
    assert (problem.field, problem.code) == ("whitelist-source-range", Code.ANNOTATION_IGNORED)


@pytest.mark.parametrize("name", ["auth_kind", "auth-tls-secrets", "auth_tls_x", "satisfying"])
def test_an_unknown_annotation_that_guards_access_denies(name):
    values, (problem,) = reading(**{name: "x"})
    assert (values.denied, problem.severity) == (True, Severity.ERROR)


def test_an_unknown_annotation_costs_nothing_and_near_misses_are_offered():
    values, (problem,) = reading(proxy_boddy_size="8m")
    assert (values.denied, problem.severity) == (False, Severity.WARNING)
    assert problem.advice == "Did you mean proxy-body-size? Meanwhile: it has no effect."


@pytest.mark.parametrize(
    "name",
    [
        *("whitelist-source-ranges", "Whitelist_Source_Range", "whitelist-source-rage"),
        "denylist-sourcerange",
    ],
)
def test_an_annotation_that_guards_access_denies_where_its_name_is_misspelled(name):
    for more in (0, 50):
        noise = {f"{PREFIX}/zz-{n}": "x" for n in range(more)}
        given = {f"{PREFIX}/{name}": "203.0.113.0/24", **noise}
        values, problems = read(given, PREFIX, OWNER, GlobalValues())
        assert values.denied
        assert (problems[0].field, problems[0].severity) == (name, Severity.ERROR)
        assert problems[0].hint.startswith("Did you mean")


@pytest.mark.parametrize("prefix", ["ingress.kubernetes.io", "nginx.ingress.kubernates.io"])
def test_annotations_of_ours_under_the_older_or_a_misspelled_prefix_are_told(prefix):
    given = {f"{prefix}/whitelist-source-range": "203.0.113.0/24", f"{prefix}/of-another": "x"}
    _, (problem,) = read(given, PREFIX, OWNER, GlobalValues())
    assert problem.field == f"{prefix}/whitelist-source-range"
    assert problem.hint == f"Did you mean {PREFIX}/whitelist-source-range?"


@pytest.mark.parametrize(
    "prefix", ["nginx.org", "nginx-internal.ingress.kubernetes.io", "haproxy.org"]
)
def test_annotations_of_other_controllers_are_not(prefix):
    given = {f"{prefix}/whitelist-source-range": "203.0.113.0/24"}
    assert read(given, PREFIX, OWNER, GlobalValues())[1] == ()
