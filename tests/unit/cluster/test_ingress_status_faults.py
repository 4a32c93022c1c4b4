import asyncio
from contextlib import asynccontextmanager

import pytest

from generator.cluster.access import Anonymous
from generator.cluster.client import Client
from generator.cluster.ingress_status import StatusWriter
from generator.cluster.published_addresses import addresses_of_service, addresses_of_text
from generator.cluster.source import ClusterSource
from generator.objects import Kind, Name, PublishedAddress
from tests.unit.cluster.conftest import SOON
from tests.unit.cluster.fake_apiserver import says
from tests.unit.cluster.samples import ingress, no_references, until

ING = "ingresses"
ADDRESS = {"ip": "192.0.2.1"}
OURS = {"loadBalancer": {"ingress": [ADDRESS]}}
THEIRS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
WRITTEN_BY_US = [{"manager": "pillion", "subresource": "status", "operation": "Update"}]


def status_of(fake, name):
    return fake.objects[ING][f"default/{name}"]["status"]


@pytest.fixture
def writing(following):
    @asynccontextmanager
    async def write(*things, **writer):
        writer = writer or {"publish_addresses": addresses_of_text(["192.0.2.1"])}
        async with following() as (fake, source):
            fake.put(ING, *things)
            await source.ready()
            async with Client(Anonymous(fake.url), SOON) as client:
                status_writer = StatusWriter(client, source, timing=SOON, **writer)
                running = asyncio.create_task(status_writer.run())
                try:
                    yield fake, source, status_writer
                finally:
                    running.cancel()
                    await asyncio.wait([running])

    return write


def held(source, *names):
    return [source.snapshot().ingresses[Name("default", name)] for name in names]


async def test_no_status_is_written_before_something_is_served(writing):
    async with writing(ingress("shop")) as (fake, source, writer):
        # The second list is of what we wrote in an earlier process.
        await until(lambda: len(fake.asked("list", ING)) == 2)
        assert fake.asked("patch", "ingresses/shop/status") == []

        writer.publish(held(source, "shop"))
        await until(lambda: status_of(fake, "shop") == OURS)


async def test_a_status_is_written_once(writing, logged):
    async with writing(ingress("shop"), ingress("other")) as (fake, source, writer):
        writer.publish(held(source, "shop"))
        writer.publish(held(source, "shop"))
        await until(lambda: status_of(fake, "shop") == OURS)
        writer.publish(held(source, "shop", "other"))
        await until(lambda: len(logged("status.published")) == 2)

        assert status_of(fake, "other") == OURS
        assert len(fake.asked("patch", "ingresses/shop/status")) == 1


async def test_a_status_that_another_hand_wrote_over_is_written_again_while_served(writing):
    async with writing(ingress("shop")) as (fake, source, writer):
        writer.publish(held(source, "shop"))
        await until(lambda: status_of(fake, "shop") == OURS)
        fake.put(ING, ingress("shop") | {"status": THEIRS})

        await until(lambda: status_of(fake, "shop") == OURS)


async def test_two_writers_with_different_addresses_correct_each_other_ever_more_seldom(writing):
    addresses = addresses_of_text(["192.0.2.9"])
    async with (
        writing(ingress("shop")) as (fake, source, ours),
        Client(Anonymous(fake.url), SOON) as client,
        asyncio.TaskGroup() as tasks,
    ):
        second = ClusterSource(client, references=no_references, timing=SOON)
        theirs = StatusWriter(client, second, publish_addresses=addresses, timing=SOON)
        running = [tasks.create_task(part.run()) for part in (second, theirs)]
        ours.publish(held(source, "shop"))
        theirs.publish(held(source, "shop"))
        await asyncio.sleep(1)
        for task in running:
            task.cancel()

        # Waits of 25 ms at least, then 50, 100, 200, 400: six writes in a second, each.
        assert 4 <= len(fake.asked("patch", "ingresses/shop/status")) <= 12


async def test_our_address_goes_when_an_ingress_is_no_longer_served(writing):
    async with writing(ingress("shop")) as (fake, source, writer):
        writer.publish(held(source, "shop"))
        await until(lambda: status_of(fake, "shop") == OURS)
        writer.publish([])

        await until(lambda: status_of(fake, "shop") == {"loadBalancer": {"ingress": None}})


async def test_an_address_that_another_controller_wrote_meanwhile_stays(writing):
    async with writing(ingress("shop"), ingress("last")) as (fake, source, writer):
        writer.publish(held(source, "shop"))
        await until(lambda: status_of(fake, "shop") == OURS)
        (last,) = held(source, "last")
        fake.put(ING, ingress("shop") | {"status": THEIRS})
        writer.publish([last])
        await until(lambda: status_of(fake, "last") == OURS)

        assert status_of(fake, "shop") == THEIRS


async def test_after_a_restart_an_address_that_we_wrote_goes_and_one_of_others_stays(writing):
    ours = ingress("ours", managedFields=WRITTEN_BY_US) | {"status": OURS}
    by_them = [{"manager": "another", "subresource": "status", "operation": "Update"}]
    theirs = ingress("theirs", managedFields=by_them) | {"status": OURS}
    async with writing(ours, theirs, ingress("last")) as (fake, source, writer):
        writer.publish([])
        await until(lambda: status_of(fake, "ours") == {"loadBalancer": {"ingress": None}})
        writer.publish(held(source, "last"))
        await until(lambda: status_of(fake, "last") == OURS)

        assert status_of(fake, "theirs") == OURS


async def test_a_refused_status_is_tried_again_and_logged_once(writing, logged):
    async with writing(ingress("shop"), ingress("other")) as (fake, source, writer):
        fake.once["patch", ING].extend(says(403, "Forbidden") for _ in range(6))
        writer.publish(held(source, "shop", "other"))

        await until(lambda: status_of(fake, "shop") == status_of(fake, "other") == OURS)
        assert len(logged("status.failed")) == 1


async def test_an_ingress_that_is_another_by_now_is_not_written_to(writing):
    async with writing(ingress("shop"), ingress("last")) as (fake, source, writer):
        served = held(source, "shop")
        fake.put_silently(ING, ingress("shop", uid="another"))
        writer.publish(served)
        await until(lambda: fake.asked("patch", "ingresses/shop/status"))
        writer.publish(held(source, "last"))
        await until(lambda: status_of(fake, "last") == OURS)

        assert status_of(fake, "shop") == {"loadBalancer": {}}


async def test_many_are_written_few_at_a_time(writing):
    at_once, most = 0, 0
    things = [ingress(f"shop-{number}") for number in range(60)]
    async with writing(*things) as (fake, source, writer):

        async def count(request):
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.005)
            at_once -= 1
            return await fake._patch(request, ING, request.path.split("/ingresses/")[1])

        fake.always["patch", ING] = count
        writer.publish(source.snapshot().ingresses.values())
        await until(lambda: all(status_of(fake, f"shop-{n}") == OURS for n in range(60)))

        assert 2 <= most <= 10


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (None, "There is no Service default/edge."),
        ({"clusterIP": "None"}, "Service default/edge of type ClusterIP has no address."),
        ({"type": "LoadBalancer"}, "Service default/edge has no address yet"),
    ],
)
async def test_a_service_without_an_address_is_told_once(spec, words, writing, logged):
    edge = Name("default", "edge")
    async with writing(ingress("shop"), ingress("other"), publish_service=edge) as parts:
        fake, source, writer = parts
        if spec is not None:
            fake.put(
                "services", {"metadata": {"namespace": "default", "name": "edge"}, "spec": spec}
            )
            await until(lambda: source.service(edge) is not None)
        writer.publish(held(source, "shop"))
        await until(lambda: logged("status.without_address"))
        writer.publish(held(source, "shop", "other"))
        await until(lambda: not writer._to_check)
        (told,) = logged("status.without_address")
        assert told["message"].startswith(words)
        assert fake.asked("patch", "ingresses/shop/status") == []


async def test_the_address_of_the_service_follows_the_service(writing):
    name = Name("default", "lb")
    async with writing(ingress("shop"), publish_service=name) as (fake, source, writer):
        writer.publish(held(source, "shop"))
        service = {
            "metadata": {"name": "lb", "namespace": "default"},
            "spec": {"type": "LoadBalancer"},
        }
        fake.put("services", service)
        fake.put("services", service | {"status": OURS})

        await until(lambda: status_of(fake, "shop") == OURS)


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"type": "ClusterIP", "clusterIP": "10.0.0.1"}, {}, ["10.0.0.1"]),
        ({"type": "ClusterIP", "clusterIP": "None"}, {}, []),
        ({"type": "NodePort", "clusterIP": "10.0.0.1"}, {}, ["10.0.0.1"]),
        (
            {"type": "NodePort", "clusterIP": "10.0.0.1", "externalIPs": ["192.0.2.7"]},
            {},
            ["192.0.2.7"],
        ),
        ({"type": "ExternalName", "externalName": "shop.example"}, {}, ["shop.example"]),
        ({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, {}, []),
        (
            {"type": "LoadBalancer", "externalIPs": ["192.0.2.7", "192.0.2.1"]},
            {"loadBalancer": {"ingress": [{"hostname": "lb.example"}, ADDRESS]}},
            ["192.0.2.1", "192.0.2.7", "lb.example"],
        ),
    ],
)
async def test_each_type_of_service_is_reached_where_it_says(following, spec, status, expected):
    async with following() as (fake, source):
        metadata = {"name": "lb", "namespace": "default"}
        fake.put("services", {"metadata": metadata, "spec": spec, "status": status})
        await source.ready()
        found = addresses_of_service(source, Name("default", "lb"))

        assert [address.ip or address.hostname for address in found] == expected


def test_addresses_that_are_given_are_told_apart_sorted_and_each_is_there_once():
    assert addresses_of_text(["b.example", "::1", "192.0.2.1", "::1"]) == (
        PublishedAddress(ip="192.0.2.1"),
        PublishedAddress(ip="::1"),
        PublishedAddress(hostname="b.example"),
    )


async def test_a_status_that_is_not_there_is_none(following):
    async with following() as (_, source):
        await source.ready()

        assert source.status(Kind.INGRESS, Name("default", "none")) is None
        assert addresses_of_service(source, Name("default", "none")) == ()
