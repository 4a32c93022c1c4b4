"""Each kind of object, created, edited and deleted: served within 2 s."""

from collections.abc import Collection

import pytest

from tests.drivers.ingresses import IS_DEFAULT, ingress, rule
from tests.drivers.web import Web
from tests.lab.client import Object
from tests.lab.objects import endpoint_slice, publish, service, tls_secret
from tests.lab.pki import Authority
from tests.lab.waiting import eventually

SERVED_WITHIN_S = 2
GONE = "secret-not-found"
FOO = "http://foo.test/"


@pytest.fixture(scope="module")
def pair(start_pair, make_class):
    with make_class("ours"), start_pair() as pair:
        yield pair


def _soon(pair, url: str, answer: str | int) -> None:
    """Within 2 s that backend answers, or that status comes."""
    web = Web(pair.http_port, pair.https_port)

    def answers() -> bool:
        reply = web.ask(url)
        told = reply.echo["backend"] if reply.status == 200 else reply.status
        assert told == answer, f"{url} is answered {told}"
        return True

    eventually(answers, within_s=SERVED_WITHIN_S, every_s=0.02)


def _ingress(*paths: tuple[str, str, str], host: str = "foo.test", **spec: object) -> Object:
    return ingress(rule(host, *paths), **({"ingressClassName": "ours"} | spec))


def test_global_options(start_pair, make_class, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    shop = _ingress(("Prefix", "/", "echo"), ingressClassName="own")
    namespace = cluster.create(shop)["metadata"]["namespace"]
    large = {"body": b"x" * (2 << 20)}
    with make_class("own"), start_pair(f"--configmap={namespace}/options") as pair:
        _soon(pair, FOO, "echo")
        web = Web(pair.http_port, pair.https_port)
        assert web.ask(FOO, "POST", **large).status == 413
        cluster.create(_options(proxy_body_size="8m"))
        eventually(lambda: web.ask(FOO, "POST", **large).status == 200, within_s=SERVED_WITHIN_S)
        cluster.delete("ConfigMap", "options")
        eventually(lambda: web.ask(FOO, "POST", **large).status == 413, within_s=SERVED_WITHIN_S)


def _options(**data: str) -> Object:
    given = {name.replace("_", "-"): text for name, text in data.items()}
    metadata = {"name": "options"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": given}


def test_an_ingress(pair, cluster, backend):
    for name in ("one", "two"):
        publish(cluster, name, backend(name))
    cluster.create(_ingress(("Prefix", "/", "one")))
    _soon(pair, FOO, "one")
    cluster.apply(_ingress(("Prefix", "/", "two")))
    _soon(pair, FOO, "two")
    cluster.apply(_ingress(("Prefix", "/", "two"), host="bar.test"))
    _soon(pair, "http://bar.test/", "two")
    _soon(pair, FOO, 404)
    cluster.delete("Ingress", "shop")
    _soon(pair, "http://bar.test/", 404)


def test_a_service(pair, cluster, backend):
    cluster.create(_ingress(("Prefix", "/", "echo")))
    cluster.create(endpoint_slice("echo", backend("echo")))
    _soon(pair, FOO, 503)
    cluster.create(service("echo"))
    _soon(pair, FOO, "echo")
    cluster.patch("Service", "echo", {"spec": {"ports": [{"name": "http", "port": 81}]}})
    _soon(pair, FOO, 503)
    cluster.patch("Service", "echo", {"spec": {"ports": [{"name": "http", "port": 80}]}})
    _soon(pair, FOO, "echo")
    cluster.delete("Service", "echo")
    _soon(pair, FOO, 503)


def test_an_endpoint_slice(pair, cluster, backend):
    cluster.create(service("echo"))
    cluster.create(_ingress(("Prefix", "/", "echo")))
    _soon(pair, FOO, 503)
    cluster.create(endpoint_slice("echo", backend("one")))
    _soon(pair, FOO, "one")
    cluster.apply(endpoint_slice("echo", backend("two")))
    _soon(pair, FOO, "two")
    cluster.delete("EndpointSlice", "echo-lab")
    _soon(pair, FOO, 503)


def _secure() -> Object:
    tls = [{"hosts": ["foo.test"], "secretName": "cert"}]
    return _ingress(("Prefix", "/", "echo"), tls=tls)


def _serial_soon(pair, *, not_in: Collection[int] = ()) -> int:
    """The number of the certificate that names the host, within 2 s a new one."""

    def serial() -> int:
        assert pair.web.names("foo.test") == ["foo.test"]
        number = pair.web.certificate("foo.test").serial_number
        assert number not in not_in
        return number

    return eventually(serial, within_s=SERVED_WITHIN_S, every_s=0.02)


def test_a_secret_made_and_renewed(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    cluster.create(_secure())
    authority = Authority()
    cluster.create(tls_secret("cert", authority.issue("foo.test")))
    first = _serial_soon(pair)
    cluster.apply(tls_secret("cert", authority.issue("foo.test")))
    _serial_soon(pair, not_in=[first])


def test_a_secret_that_is_deleted_is_told_and_its_certificate_goes(pair, cluster):
    cluster.create(tls_secret("cert", Authority().issue("foo.test")))
    cluster.create(_secure())
    _serial_soon(pair)
    cluster.delete("Secret", "cert")
    ours = f"{cluster.namespace}/shop"
    eventually(
        lambda: [p for p in pair.logs("problem.found") if (p["object"], p["code"]) == (ours, GONE)],
        within_s=SERVED_WITHIN_S,
    )
    eventually(lambda: pair.web.names("foo.test") == ["ingress.local"], within_s=SERVED_WITHIN_S)


def test_an_ingress_class(pair, cluster, backend, make_class):
    publish(cluster, "echo", backend("echo"))
    cluster.create(_ingress(("Prefix", "/", "echo"), ingressClassName="late"))
    cluster.create(_ingress(("Prefix", "/", "echo"), host="sign.test") | _named("sign"))
    _soon(pair, "http://sign.test/", "echo")
    _soon(pair, FOO, 404)
    with make_class("late"):
        _soon(pair, FOO, "echo")
    _soon(pair, FOO, 404)


def test_an_ingress_class_becomes_the_default_and_no_longer_is(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    classless = ingress(rule("foo.test", ("Prefix", "/", "echo")))
    cluster.create(classless)
    _soon(pair, FOO, 404)
    for is_default, answer in (("true", "echo"), ("false", 404)):
        annotations = {IS_DEFAULT: is_default}
        cluster.patch("IngressClass", "ours", {"metadata": {"annotations": annotations}})
        _soon(pair, FOO, answer)


def test_an_ingress_that_changes_its_class_comes_and_goes(pair, cluster, backend, make_class):
    publish(cluster, "echo", backend("echo"))
    cluster.create(_ingress(("Prefix", "/", "echo")))
    _soon(pair, FOO, "echo")
    with make_class("theirs", "example.com/another"):
        cluster.patch("Ingress", "shop", {"spec": {"ingressClassName": "theirs"}})
        _soon(pair, FOO, 404)
        cluster.patch("Ingress", "shop", {"spec": {"ingressClassName": "ours"}})
        _soon(pair, FOO, "echo")


def test_an_ingress_by_the_old_annotation_names_its_class(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    old = ingress(rule("foo.test", ("Prefix", "/", "echo")))
    old["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "ours"
    cluster.create(old)
    _soon(pair, FOO, "echo")


def _named(name: str) -> Object:
    return {"metadata": {"name": name}}
