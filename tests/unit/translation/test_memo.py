"""A change costs what it touches: everything else is the very same object as before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from generator.objects import Name
from generator.problems import Code
from generator.translation import Memo, translate
from tests.drivers.ingresses import ingress, rule
from tests.drivers.snapshots import decoded, options, published, server, snapshot, snapshot_of
from tests.lab.objects import tls_secret
from tests.lab.pki import Authority

MANY = 1000
PAIR = Authority().issue("h7.test")


def shop(number, **more):
    host, service = f"h{number}.test", f"s{number}"
    return ingress(rule(host, ("Prefix", "/", service)), name=f"i{number}", **more)


@pytest.fixture(scope="module")
def before():
    things = [shop(n, annotations={"proxy-boddy-size": "1m"}) for n in range(MANY)]
    return snapshot(*things, *(each for n in range(MANY) for each in published(f"s{n}")))


def with_ingress(found, thing):
    each = decoded(thing)
    return replace(found, ingresses={**found.ingresses, each.name: each})


def fresh(old, new):
    """The objects that are not those of before."""
    known = {id(each) for each in old}
    return [each for each in new if id(each) not in known]


def steps(*given):
    memo = Memo()
    return [translate(each, options(), memo) for each in given]


def test_nothing_changed_makes_nothing_anew(before):
    one, other = steps(before, before)
    assert fresh(one.contributions.values(), other.contributions.values()) == []
    assert fresh(one.model.servers, other.model.servers) == []
    assert fresh(one.model.upstreams, other.model.upstreams) == []
    assert other.problems is one.problems


def test_one_ingress_among_a_thousand_makes_one_contribution_and_one_server(before):
    changed = with_ingress(before, shop(7, annotations={"proxy-body-size": "8m"}))
    one, other = steps(before, changed)
    assert fresh(one.contributions.values(), other.contributions.values()) == [
        other.contributions["default", "i7"]
    ]
    assert [each.host.name for each in fresh(one.model.servers, other.model.servers)] == ["h7.test"]
    assert fresh(one.model.upstreams, other.model.upstreams) == []
    assert len(other.problems) == MANY - 1


def test_endpoints_that_change_make_their_upstream_anew_and_no_server(before):
    _, slice_ = published("s7", "10.9.9.9")
    changed = {**before.endpoint_slices, ("default", "s7"): (decoded(slice_),)}
    one, other = steps(before, replace(before, endpoint_slices=changed))
    assert fresh(one.model.servers, other.model.servers) == []
    assert [
        each.service.name.name for each in fresh(one.model.upstreams, other.model.upstreams)
    ] == ["s7"]


def test_objects_that_no_ingress_names_have_nothing_built_anew(before):
    other = {decoded(each).name: decoded(each) for each in published("unrelated")[:1]}
    _, slice_ = published("unrelated", "10.9.9.9")
    slices = {**before.endpoint_slices, ("default", "unrelated"): (decoded(slice_),)}
    changed = replace(before, services={**before.services, **other}, endpoint_slices=slices)
    one, same, later = steps(before, changed, replace(changed, services=before.services))
    assert one is same is later


def test_a_status_that_was_written_changes_nothing(before):
    name = Name("default", "i7")
    old = before.ingresses[name]
    written = replace(old, metadata=replace(old.metadata, resource_version="8"))
    changed = replace(before, ingresses={**before.ingresses, name: written})
    one, other, last = steps(before, changed, changed)
    assert fresh(one.model.servers, other.model.servers) == []
    assert fresh(other.contributions.values(), last.contributions.values()) == []


def test_a_secret_that_comes_late_and_goes_again_is_noticed(before):
    with_tls = with_ingress(before, shop(7, tls=[{"hosts": ["h7.test"], "secretName": "tls"}]))
    secret = decoded(tls_secret("tls", PAIR))
    there = replace(with_tls, secrets={secret.name: secret})
    missing, found, gone = steps(with_tls, there, with_tls)
    assert [server(each, "h7.test").certificate is None for each in (missing, found, gone)] == [
        True,
        False,
        True,
    ]


def test_an_ingress_that_goes_leaves_nothing_behind(before):
    less = replace(before, ingresses={n: i for n, i in before.ingresses.items() if n.name != "i7"})
    _, other, back = steps(before, less, before)
    assert len(other.model.servers) == MANY
    assert len(other.model.upstreams) == MANY - 1
    assert len(back.model.servers) == MANY + 1


def test_those_that_may_not_be_served_answer_503_until_they_may(before):
    memo = Memo()
    name = Name("default", "i7")
    held = translate(before, options(), memo, frozenset({name}))
    status = [server(held, "h7.test").locations[0].handler.action.status]
    free = translate(before, options(), memo)
    assert status == [503]
    assert free.model == translate(before, options(), Memo()).model


class _Trap(dict):
    """A table that fails at one name, as no table should."""

    def get(self, name, default=None):
        if name == ("default", "s7"):
            raise ZeroDivisionError("trap")
        return super().get(name, default)


def test_an_ingress_that_trips_over_a_bug_costs_itself_alone(before):
    found = translate(replace(before, services=_Trap(before.services)), options(), Memo())
    assert len(found.model.servers) == MANY
    assert [p.object.name.name for p in found.problems if p.code is Code.INTERNAL_ERROR] == ["i7"]


# --- order ------------------------------------------------------------------------------------

HOSTS = st.sampled_from(["a.test", "A.test", "*.test", "", "b.test"])
PATHS = st.tuples(
    st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"]),
    st.sampled_from(["/", "/a", "/a/", "/a/b", "/(", "/a.*", "no"]),
    st.sampled_from(["s1", "s2", "missing"]),
)
ANNOTATIONS = st.sampled_from(
    [{}, {"use-regex": "true"}, {"rewrite-target": "/"}, {"auth-url": "x"}, {"ssl-redirect": "no"}]
)
INGRESSES = st.lists(
    st.builds(
        lambda rules, annotations, age, tls: (rules, annotations, age, tls),
        st.lists(st.tuples(HOSTS, st.lists(PATHS, max_size=3)), max_size=3),
        ANNOTATIONS,
        st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        st.sampled_from([[], [{"hosts": ["a.test"]}], [{"secretName": "tls"}]]),
    ),
    max_size=5,
)


def objects_of(drawn):
    for number, (rules, annotations, age, tls) in enumerate(drawn):
        listed = [rule(host, *paths) for host, paths in rules]
        thing = ingress(*listed, name=f"i{number}", annotations=annotations, tls=tls)
        thing["metadata"]["creationTimestamp"] = age
        yield decoded(thing)
    yield from (decoded(each) for name in ("s1", "s2") for each in published(name))
    yield decoded(tls_secret("tls", PAIR))


@given(INGRESSES, st.data())
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_objects_nor_the_way_to_them_matters(drawn, data):
    objects = list(objects_of(drawn))
    expected = translate(snapshot_of(objects), options(), Memo())
    memo, seen = Memo(), []
    for each in data.draw(st.permutations(objects)):
        seen.append(each)
        found = translate(snapshot_of(seen), options(), memo)
    assert (found.model, found.problems) == (expected.model, expected.problems)
