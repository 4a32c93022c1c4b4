import asyncio
import json

from generator.cluster.resources import ENDPOINT_SLICES, INGRESSES, SECRETS, SERVICES
from generator.cluster.store import Store
from generator.objects import Kind, Name, ObjectRef
from tests.unit.cluster.samples import endpoint_slice, ingress, secret

SHOP = Name("default", "shop")


def read(resource, thing):
    return resource.read(json.dumps(thing).encode())


def holding(*things):
    store = Store()
    for thing in things:
        store.tables[Kind.INGRESS].put(read(INGRESSES, thing))
    store.take()
    return store


def test_a_snapshot_that_was_taken_never_changes():
    store = holding(ingress("shop"))
    before = store.take()
    store.tables[Kind.INGRESS].remove(SHOP)

    assert SHOP in before.ingresses
    assert SHOP not in store.take().ingresses


def test_what_did_not_change_is_shared_by_snapshots():
    store = holding(ingress("shop"))
    before = store.take()
    store.tables[Kind.SERVICE].put(
        read(SERVICES, {"metadata": {"name": "shop", "namespace": "default"}})
    )
    after = store.take()

    assert after.ingresses is before.ingresses
    assert after.services is not before.services
    assert store.take() is after


def test_a_status_is_no_change_and_yet_the_newest_is_known():
    store = holding(ingress("shop"))
    before = store.take().ingresses[SHOP]
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    store.tables[Kind.INGRESS].put(
        read(
            INGRESSES, ingress("shop", resourceVersion="9", managedFields=[{}]) | {"status": status}
        )
    )

    assert not store.changed.is_set()
    assert asyncio.run(store.wait_for_changed_statuses()) == {ObjectRef(Kind.INGRESS, SHOP)}
    assert store.take().ingresses[SHOP] is before
    assert (
        store.tables[Kind.INGRESS].statuses[SHOP].status.load_balancer.ingress[0].ip == "192.0.2.1"
    )


def test_each_thing_that_is_built_from_is_a_change():
    for change in (
        ingress("shop", host="new.example"),
        ingress("shop", secrets=["shop-tls"]),
        ingress("shop", annotations={"a": "b"}),
        ingress("shop", uid="another"),
        ingress("shop", creationTimestamp="2026-01-01T00:00:00Z"),
    ):
        store = holding(ingress("shop"))
        store.tables[Kind.INGRESS].put(read(INGRESSES, change))
        assert store.changed.is_set(), change


def test_kubectls_copy_of_an_object_is_not_kept():
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
    found = read(SECRETS, secret("shop-tls") | {"metadata": {"name": "s", "annotations": copy}})

    assert found.metadata.annotations == {"a": "b"}


def test_slices_stand_under_their_service_in_order_of_their_names():
    store = Store()
    table = store.tables[Kind.ENDPOINT_SLICE]
    for name in ("c", "a", "b"):
        table.put(read(ENDPOINT_SLICES, endpoint_slice(name, "shop", "192.0.2.1")))
    table.put(read(ENDPOINT_SLICES, endpoint_slice("d", "other", "192.0.2.1")))
    table.put(read(ENDPOINT_SLICES, endpoint_slice("e", "", "192.0.2.1")))
    table.put(read(ENDPOINT_SLICES, endpoint_slice("c", "other", "192.0.2.1")))
    table.remove(Name("default", "a"))
    slices = store.take().endpoint_slices

    assert {
        service.name: [s.metadata.name for s in found] for service, found in slices.items()
    } == {"shop": ["b"], "other": ["c", "d"]}


def test_a_slice_that_only_says_when_it_was_written_is_no_change():
    store = Store()
    table = store.tables[Kind.ENDPOINT_SLICE]
    table.put(read(ENDPOINT_SLICES, endpoint_slice("a", "shop", "192.0.2.1", time="1")))
    store.take()
    table.put(read(ENDPOINT_SLICES, endpoint_slice("a", "shop", "192.0.2.1", time="2")))
    assert not store.changed.is_set()

    table.put(read(ENDPOINT_SLICES, endpoint_slice("a", "shop", "192.0.2.2")))
    assert store.changed.is_set()


def test_a_service_without_slices_any_more_is_not_there():
    store = Store()
    table = store.tables[Kind.ENDPOINT_SLICE]
    table.put(read(ENDPOINT_SLICES, endpoint_slice("a", "shop", "192.0.2.1")))
    table.remove(Name("default", "a"))

    assert store.take().endpoint_slices == {}


def test_while_nobody_asks_for_statuses_none_is_noted_and_who_asks_first_is_told_those_there_are():
    store = Store()
    for name in ("gone", "shop"):
        status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        store.tables[Kind.INGRESS].put(read(INGRESSES, ingress(name) | {"status": status}))
    store.tables[Kind.INGRESS].remove(Name("default", "gone"))
    assert asyncio.run(store.wait_for_changed_statuses()) == {ObjectRef(Kind.INGRESS, SHOP)}
