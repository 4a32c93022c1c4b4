import asyncio
import json

import pytest
from msgspec.structs import replace

from generator.cluster.backoff import Timing
from generator.objects import Kind, Name
from generator.problems import Code
from tests.unit.cluster.conftest import SOON
from tests.unit.cluster.fake_apiserver import gives, says
from tests.unit.cluster.samples import ingress, names, until

ING = "ingresses"


async def shop_is_followed(fake, source):
    fake.put(ING, ingress("shop"))
    await source.ready()
    await until(lambda: fake.watches(ING))


async def goes_on(fake, source):
    """Whether a new object still arrives by a new watch."""
    await until(lambda: fake.watches(ING))
    fake.put(ING, ingress("late"))
    await until(lambda: "late" in names(source.snapshot().ingresses))


async def test_what_is_there_is_listed_in_pages_and_what_comes_is_watched(following):
    async with following() as (fake, source):
        fake.put(ING, *(ingress(f"shop-{number}") for number in range(1201)))
        await source.ready()

        assert len(source.snapshot().ingresses) == 1201
        assert [query.get("continue") for query in fake.asked("list", ING)] == [None, "500", "1000"]
        await goes_on(fake, source)
        fake.delete(ING, "late")
        await until(lambda: "late" not in names(source.snapshot().ingresses))


@pytest.mark.parametrize(
    "garbage",
    [
        b"this is not JSON\n",
        b'{"type": "ADDED"}\n',
        b"[]\n",
        b'{"type": "MODIFIED", "object": {"spec": {}}}\n',
        b'{"type": "MODIFIED", "object": "text"}\n',
        b"\xff\xfe\n",
    ],
)
async def test_a_garbled_line_costs_a_new_list_and_nothing_else(following, garbage, logged):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.put_silently(ING, ingress("missed"))
        fake.send(ING, garbage)

        await until(lambda: "missed" in names(source.snapshot().ingresses))
        assert "shop" in names(source.snapshot().ingresses)
        assert logged("cluster.invalid_response")
        await goes_on(fake, source)


async def test_half_a_line_at_the_end_of_a_watch_is_not_taken_for_an_event(following):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        half = json.dumps({"type": "DELETED", "object": fake.objects[ING]["default/shop"]})
        fake.send(ING, half.encode()[:-1])
        await asyncio.sleep(0)
        fake.end_watches(ING)

        await until(lambda: len(fake.asked("list", ING)) == 2)
        assert "shop" in names(source.snapshot().ingresses)
        await goes_on(fake, source)


@pytest.mark.parametrize(
    "status", [{"code": 410, "reason": "Expired"}, {"code": 500, "reason": "InternalError"}]
)
async def test_an_error_event_leads_to_a_new_list(following, status):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.put_silently(ING, ingress("missed"))
        fake.tell(ING, "ERROR", {"kind": "Status", "message": "It is old."} | status)

        await until(lambda: "missed" in names(source.snapshot().ingresses))
        await goes_on(fake, source)


async def test_a_version_that_is_too_old_for_a_watch_leads_to_a_new_list(following):
    async with following() as (fake, source):
        fake.put(ING, ingress("shop"))
        fake.once["watch", ING].append(says(410, "Expired"))
        await source.ready()

        await goes_on(fake, source)
        assert len(fake.asked("list", ING)) == 2


async def test_pages_that_have_expired_are_asked_for_again_in_one(following):
    async with following() as (fake, source):
        fake.put(ING, *(ingress(f"shop-{number}") for number in range(700)))

        async def first_page(request):
            fake.once["list", ING].append(says(410, "Expired"))
            return await fake._list(request, ING, "")

        fake.once["list", ING].append(first_page)
        await source.ready()

        assert len(source.snapshot().ingresses) == 700
        assert [query.get("limit") for query in fake.asked("list", ING)] == ["500", "500", None]


async def test_a_watch_that_is_over_goes_on_from_its_last_bookmark_without_a_list(following):
    async with following(replace(SOON, watch_s=(1.0, 1.0))) as (fake, source):
        await shop_is_followed(fake, source)
        fake.tell(ING, "BOOKMARK", {"metadata": {"resourceVersion": "777"}})
        fake.end_watches(ING)

        await until(lambda: len(fake.asked("watch", ING)) == 2)
        assert fake.asked("watch", ING)[1]["resourceVersion"] == "777"
        assert len(fake.asked("list", ING)) == 1


async def test_a_watch_that_ends_before_its_time_leads_to_a_new_list(following, logged):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.put_silently(ING, ingress("missed"))
        fake.end_watches(ING)

        await until(lambda: "missed" in names(source.snapshot().ingresses))
        assert logged("cluster.relisted")[0]["reason"] == "The watch ended before its time."


async def test_a_watch_that_falls_silent_is_given_up_and_listed_anew(following):
    async with following(replace(SOON, silence_s=0.2)) as (fake, source):
        await shop_is_followed(fake, source)
        fake.put_silently(ING, ingress("missed"))

        await until(lambda: "missed" in names(source.snapshot().ingresses))


async def test_an_apiserver_that_never_answers_is_given_up_and_asked_again(following):
    async def hang(_):
        await asyncio.sleep(60)

    async with following(replace(SOON, read_s=0.2)) as (fake, source):
        fake.once["list", ING].append(hang)
        fake.put(ING, ingress("shop"))
        async with asyncio.timeout(5):
            await source.ready()

        assert "shop" in names(source.snapshot().ingresses)


async def test_an_event_of_megabytes_is_one_event(following):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.put(ING, ingress("big", annotations={"note": "x" * 3_000_000}))

        await until(lambda: "big" in names(source.snapshot().ingresses))
        assert len(fake.asked("list", ING)) == 1


async def test_a_429_is_asked_again_after_the_time_it_names(following):
    async with following() as (fake, source):
        fake.once["list", ING].append(says(429, "TooManyRequests", {"Retry-After": "1"}))
        fake.put(ING, ingress("shop"))
        clock = asyncio.get_running_loop().time
        began = clock()
        # The cap bounds what a server may ask for.
        await source.ready()
        assert clock() - began < 1
        assert "shop" in names(source.snapshot().ingresses)

    async with following(replace(SOON, retry_after_cap_s=30.0)) as (fake, source):
        fake.once["list", ING].append(says(429, "TooManyRequests", {"Retry-After": "1"}))
        began = clock()
        await source.ready()
        assert clock() - began >= 1


async def test_500s_are_tried_through_with_no_more_than_the_backoff(following):
    async with following(replace(SOON, first_s=0.001)) as (fake, source):
        fake.once["list", ING].extend(says(500, "InternalError") for _ in range(5))
        fake.put(ING, ingress("shop"))

        await source.ready()
        assert len(fake.asked("list", ING)) == 6


async def test_a_refusal_that_passes_is_not_logged_and_one_that_lasts_is_logged_once(
    following, logged
):
    async with following(replace(SOON, log_refusal_after_s=0.2)) as (fake, source):
        fake.once["list", ING].extend(says(403, "Forbidden") for _ in range(3))
        fake.always["list", "ingressclasses"] = says(403, "Forbidden")
        await source.ready()
        await until(lambda: logged("cluster.forbidden"))
        asked = len(fake.asked("list", "ingressclasses"))
        await until(lambda: len(fake.asked("list", "ingressclasses")) > asked + 3)

        (line,) = logged("cluster.forbidden")
        assert (line["verb"], line["resource"]) == ("list", "ingressclasses")
        assert (line["group"], line["namespace"]) == ("networking.k8s.io", "all")


async def test_a_long_absence_does_not_lengthen_the_wait_after_a_short_refusal(following):
    slow = replace(SOON, first_s=0.01, unreachable_cap_s=0.05, refused_cap_s=60.0)
    async with following(slow) as (fake, source):
        await shop_is_followed(fake, source)
        port = fake.port
        await fake.go_away()
        await asyncio.sleep(1)
        fake.once["list", ING].append(says(403, "Forbidden"))
        fake.put_silently(ING, ingress("missed"))
        await fake.listen(port)

        await until(lambda: "missed" in names(source.snapshot().ingresses), within_s=2)


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"<html>", b'{"kind": "IngressList", "metadata": {}, "items": []}', b"null"],
)
async def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one(following, text):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.once["list", ING].extend([gives(text), gives(text)])
        fake.end_watches(ING)

        def is_still_served():
            assert "shop" in names(source.snapshot().ingresses)
            return len(fake.asked("list", ING)) == 4

        await until(is_still_served)
        await goes_on(fake, source)


async def test_an_empty_list_after_a_full_one_is_asked_for_again_before_it_is_believed(following):
    async with following(replace(SOON, confirm_empty_s=0.3)) as (fake, source):
        await shop_is_followed(fake, source)
        metadata = {"resourceVersion": str(fake.version)}
        empty = json.dumps({"kind": "IngressList", "metadata": metadata, "items": None}).encode()
        fake.once["list", ING].append(gives(empty))
        fake.end_watches(ING)

        def is_still_served():
            assert "shop" in names(source.snapshot().ingresses)
            return len(fake.asked("list", ING)) == 3

        await until(is_still_served)
        await goes_on(fake, source)


async def test_an_empty_list_that_is_confirmed_is_believed(following, logged):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        fake.objects[ING].clear()
        fake.end_watches(ING)

        await until(lambda: not source.snapshot().ingresses)
        assert logged("cluster.empty")


async def test_during_a_new_list_everything_is_served_and_then_changes_at_once(following):
    seen, gate = [], asyncio.Event()
    async with following() as (fake, source):
        fake.put(ING, *(ingress(f"old-{number:04}") for number in range(600)))
        await source.ready()
        await until(lambda: fake.watches(ING))

        async def second_page(request):
            await gate.wait()
            return await fake._list(request, ING, "")

        async def first_page(request):
            fake.once["list", ING].append(second_page)
            return await fake._list(request, ING, "")

        fake.objects[ING].clear()
        fake.put_silently(ING, *(ingress(f"new-{number:04}") for number in range(600)))
        fake.once["list", ING].append(first_page)
        fake.end_watches(ING)
        await until(lambda: len(fake.asked("list", ING)) == 4)
        seen = names(source.snapshot().ingresses)
        gate.set()
        await source.changed()

        assert all(name.startswith("old-") for name in seen)
        assert len(seen) == 600
        assert all(name.startswith("new-") for name in names(source.snapshot().ingresses))


async def test_a_new_list_keeps_each_object_that_says_the_same(following):
    async with following() as (fake, source):
        fake.put(ING, ingress("same"), ingress("touched"), ingress("edited"))
        await source.ready()
        await until(lambda: fake.watches(ING))
        before = source.snapshot().ingresses
        fake.put_silently(ING, ingress("touched"), ingress("edited", host="new.example"))
        fake.end_watches(ING)
        await source.changed()
        after = source.snapshot().ingresses

        for name in ("same", "touched"):
            assert after[Name("default", name)] is before[Name("default", name)]
        assert after[Name("default", "edited")].spec.rules[0].host == "new.example"


async def test_a_new_list_brings_the_newest_status(following):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        fake.put_silently(ING, ingress("shop") | {"status": status})
        fake.end_watches(ING)
        await until(lambda: len(fake.asked("list", ING)) == 2 and fake.watches(ING))

        newest = source.status(Kind.INGRESS, Name("default", "shop"))
        assert [address.ip for address in newest.load_balancer.ingress] == ["192.0.2.1"]


async def test_a_state_that_went_back_is_taken_as_it_is(following):
    async with following() as (fake, source):
        fake.put(ING, ingress("shop", host="new.example"), ingress("younger"))
        await source.ready()
        await until(lambda: fake.watches(ING))
        fake.go_back(3)
        fake.put_silently(ING, ingress("shop", host="old.example"))
        fake.end_watches(ING)

        await until(lambda: names(source.snapshot().ingresses) == {"shop"})
        shop = source.snapshot().ingresses[Name("default", "shop")]
        assert shop.spec.rules[0].host == "old.example"
        await goes_on(fake, source)


BROKEN = ingress("bad") | {"spec": {"rules": "none"}}


async def test_an_object_that_cannot_be_read_costs_itself_alone(following, logged):
    async with following() as (fake, source):
        fake.put(ING, BROKEN, ingress("good"))
        await source.ready()
        snapshot = source.snapshot()

        assert names(snapshot.ingresses) == {"good"}
        problem = snapshot.problems[0]
        assert (str(problem.object), problem.field) == ("default/bad", "spec.rules")
        assert problem.code is Code.OBJECT_INVALID
        assert problem.message == '"none" is not a list.'
        assert len(logged("object.not_decoded")) == 1
        await goes_on(fake, source)


async def test_an_object_that_can_no_longer_be_read_says_what_it_said_before(following):
    async with following() as (fake, source):
        fake.put(ING, ingress("bad"))
        await source.ready()
        await until(lambda: fake.watches(ING))
        before = source.snapshot().ingresses[Name("default", "bad")]
        fake.put(ING, BROKEN)
        await source.changed()
        held = source.snapshot()
        fake.end_watches(ING)
        await until(lambda: len(fake.asked("list", ING)) == 2 and fake.watches(ING))
        relisted = source.snapshot()
        fake.put(ING, ingress("bad"))
        await source.changed()

        for snapshot in (held, relisted):
            assert snapshot.ingresses[Name("default", "bad")] is before
            assert len(snapshot.problems) == 1
        assert source.snapshot().problems == ()


async def test_a_broken_object_is_not_taken_for_another_that_had_its_name(following):
    async with following() as (fake, source):
        fake.put(ING, ingress("bad"))
        await source.ready()
        await until(lambda: fake.watches(ING))
        source.snapshot()
        fake.put(ING, ingress("bad", uid="another") | {"spec": {"rules": "none"}})
        await source.changed()

        assert source.snapshot().ingresses == {}


async def test_an_apiserver_that_comes_back_is_followed_again_soon(following, logged):
    async with following() as (fake, source):
        await shop_is_followed(fake, source)
        port = fake.port
        await fake.go_away()
        await until(lambda: logged("cluster.unreachable"))
        assert "shop" in names(source.snapshot().ingresses)
        fake.put_silently(ING, ingress("missed"))
        await fake.listen(port)

        await until(lambda: "missed" in names(source.snapshot().ingresses))
        assert len(logged("cluster.unreachable")) == 1
        assert len(logged("cluster.reachable")) == 1


async def test_a_bug_in_one_reflector_ends_no_other_and_not_itself(following, logged):
    async with following() as (fake, source):
        table = source.store.tables["Service"]
        table.interned = None  # calling it is a TypeError
        fake.put("services", {"metadata": {"name": "shop", "namespace": "default"}})
        fake.put(ING, ingress("shop"))
        await until(lambda: names(source.snapshot().ingresses))
        await until(lambda: logged("cluster.reflector_failed"))
        del table.interned

        await source.ready()
        assert names(source.snapshot().services) == {"shop"}
        await goes_on(fake, source)


def test_the_waits_in_use_are_the_ones_that_are_documented():
    timing = Timing()

    assert max(timing.cap_s, timing.refused_cap_s, timing.unreachable_cap_s) < 5
    assert (timing.retry_after_cap_s, timing.give_up_s, timing.hold_s) == (30.0, 10.0, 2.0)
    assert timing.silence_s > 60
    assert timing.watch_s == (300.0, 600.0)
