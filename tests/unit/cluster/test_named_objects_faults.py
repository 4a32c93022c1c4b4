import asyncio

import pytest
from msgspec.structs import replace

from generator.objects import Kind, Name, ObjectRef
from tests.drivers.cluster_source import tls_references
from tests.unit.cluster.conftest import SOON
from tests.unit.cluster.fake_apiserver import says
from tests.unit.cluster.samples import ingress, names, secret, until

ING, S = "ingresses", "secrets"


@pytest.fixture
def secrets_followed(following):
    return lambda timing=SOON, **more: following(timing, references=tls_references, **more)


def wide_watches(fake):
    return [q for q in fake.asked("watch", S) if q["fieldSelector"] == "type=kubernetes.io/tls"]


def narrow_watches(fake, name):
    return [q for q in fake.asked("watch", S) if q["fieldSelector"] == f"metadata.name={name}"]


async def test_of_all_secrets_those_that_are_named_are_kept_and_come_by_the_one_list(
    secrets_followed,
):
    async with secrets_followed() as (fake, source):
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        fake.put(S, secret("shop-tls"), secret("other-tls"), secret("password", type="Opaque"))
        await source.ready()

        assert names(source.snapshot().secrets) == {"shop-tls"}
        assert fake.asked("get", "secrets/shop-tls") == []
        assert [q["fieldSelector"] for q in fake.asked("list", S)] == ["type=kubernetes.io/tls"]


async def test_a_secret_is_in_the_snapshot_that_first_names_it(secrets_followed):
    async with secrets_followed() as (fake, source):
        fake.put(S, secret("shop-tls"))
        await source.ready()
        source.snapshot()
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        await source.changed()
        snapshot = source.snapshot()

        assert names(snapshot.ingresses) == {"shop"}
        assert names(snapshot.secrets) == {"shop-tls"}
        await asyncio.sleep(0)
        assert narrow_watches(fake, "shop-tls") == []


async def test_a_change_waits_for_a_secret_only_so_long(secrets_followed):
    async def hang(_):
        await asyncio.sleep(60)

    async with secrets_followed(replace(SOON, hold_s=0.1)) as (fake, source):
        await source.ready()
        source.snapshot()
        fake.always["get", S] = hang
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        async with asyncio.timeout(2):
            await source.changed()

        assert names(source.snapshot().ingresses) == {"shop"}


async def test_where_all_secrets_are_forbidden_the_named_are_followed_one_by_one(
    secrets_followed, logged
):
    async with secrets_followed() as (fake, source):

        async def refuse_all(request):
            if request.query["fieldSelector"].startswith("type="):
                return await says(403, "Forbidden")(request)
            return await fake._list(request, S, "")

        fake.always["list", S] = refuse_all
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        fake.put(S, secret("shop-tls", "old"), secret("other-tls"))
        await source.ready()
        assert names(source.snapshot().secrets) == {"shop-tls"}

        await until(lambda: narrow_watches(fake, "shop-tls"))
        fake.put(S, secret("shop-tls", "new"))
        await until(
            lambda: source.snapshot().secrets[Name("default", "shop-tls")].data["tls.crt"] == b"new"
        )
        await until(lambda: len(logged("cluster.forbidden")) == 1)

        del fake.always["list", S]
        await until(lambda: wide_watches(fake))
        assert names(source.snapshot().secrets) == {"shop-tls"}


async def test_a_secret_of_another_type_is_followed_by_its_name(secrets_followed):
    async with secrets_followed() as (fake, source):
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        fake.put(S, secret("shop-tls", "old", type="Opaque"))
        await source.ready()
        await until(lambda: narrow_watches(fake, "shop-tls"))
        assert names(source.snapshot().secrets) == {"shop-tls"}

        fake.delete(S, "shop-tls")
        await until(lambda: not source.snapshot().secrets)


async def test_a_secret_that_comes_late_is_seen_whatever_its_type(secrets_followed):
    async with secrets_followed() as (fake, source):
        fake.put(ING, ingress("shop", secrets=["plain", "opaque"]))
        await source.ready()
        assert source.snapshot().secrets == {}
        await until(lambda: narrow_watches(fake, "opaque") and narrow_watches(fake, "plain"))
        fake.put(S, secret("plain"), secret("opaque", type="Opaque"))

        await until(lambda: names(source.snapshot().secrets) == {"plain", "opaque"})


async def test_a_secret_that_is_made_anew_with_another_type_is_seen(secrets_followed):
    async with secrets_followed() as (fake, source):
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        fake.put(S, secret("shop-tls"))
        await source.ready()
        await until(lambda: wide_watches(fake))
        fake.delete(S, "shop-tls")
        await until(lambda: not source.snapshot().secrets)
        fake.put(S, secret("shop-tls", type="Opaque"))

        # Sooner than by the next wide list, which comes when the watch was silent for 2 s.
        await until(lambda: names(source.snapshot().secrets) == {"shop-tls"}, within_s=1)


async def test_a_secret_that_no_one_names_any_more_is_let_go(secrets_followed):
    async with secrets_followed() as (fake, source):
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        fake.put(S, secret("shop-tls"))
        await source.ready()
        await until(lambda: fake.watches(ING))
        fake.put(ING, ingress("shop"))

        await until(lambda: not source.snapshot().secrets)


async def test_secrets_that_no_one_names_wake_no_one(secrets_followed):
    async with secrets_followed() as (fake, source):
        await source.ready()
        await until(lambda: wide_watches(fake))
        source.snapshot()
        fake.put(S, secret("other-tls"))
        fake.put(ING, ingress("late"))
        await source.changed()

        assert source.snapshot().secrets == {}
        assert not source.store.changed.is_set()


async def test_what_settings_name_is_followed_without_an_ingress(following):
    named = frozenset(
        {
            ObjectRef(Kind.SECRET, Name("default", "default-tls")),
            ObjectRef(Kind.CONFIG_MAP, Name("default", "pillion")),
        }
    )
    async with following(named=named) as (fake, source):
        fake.put(S, secret("default-tls"))
        config_map = {"metadata": {"name": "pillion", "namespace": "default"}}
        fake.put("configmaps", config_map | {"data": {"a": "old"}})
        await source.ready()
        snapshot = source.snapshot()
        assert names(snapshot.secrets) == {"default-tls"}
        assert names(snapshot.config_maps) == {"pillion"}

        await until(lambda: fake.watches("configmaps"))
        fake.put("configmaps", config_map | {"data": {"a": "new"}})
        await until(
            lambda: source.snapshot().config_maps[Name("default", "pillion")].data["a"] == "new"
        )
        queries = fake.asked("list", "configmaps") + fake.asked("watch", "configmaps")
        assert {q["fieldSelector"] for q in queries} == {"metadata.name=pillion"}


async def test_one_that_names_a_thousand_secrets_gets_few_watches_and_holds_no_one_up(
    secrets_followed,
):
    async with secrets_followed(replace(SOON, poll_s=30.0)) as (fake, source):
        await source.ready()
        source.snapshot()
        fake.put(ING, ingress("greedy", secrets=[f"none-{number}" for number in range(1000)]))
        fake.put(ING, ingress("modest", namespace="other", secrets=[]))
        async with asyncio.timeout(3):
            while "modest" not in names(source.snapshot().ingresses):
                await source.changed()
        await until(lambda: fake.watches(S) >= 21, within_s=10)

        assert fake.watches(S) == 21  # 20 of the namespace, and the wide one


async def test_a_secret_without_a_place_for_a_watch_is_looked_at_now_and_then(secrets_followed):
    async with secrets_followed() as (fake, source):
        greedy = [f"none-{number}" for number in range(20)]
        fake.put(ING, ingress("a-greedy", secrets=greedy))
        await source.ready()
        await until(lambda: fake.watches(S) == 21)
        fake.put(ING, ingress("shop", secrets=["shop-tls"]))
        await until(lambda: fake.asked("get", "secrets/shop-tls"))
        fake.put(S, secret("shop-tls", type="Opaque"))

        await until(lambda: names(source.snapshot().secrets) == {"shop-tls"})
