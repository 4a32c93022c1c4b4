"""Each kind of object, created, edited and deleted: served within 2 s."""

import pytest

from tests.ingresses import IS_DEFAULT, ingress, rule
from tests.lab.client import Object
from tests.lab.objects import endpoint_slice, publish, service, tls_secret
from tests.lab.pki import Authority
from tests.lab.waiting import eventually
from tests.web import Web

SERVED_WITHIN_S = 2
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


def test_a_secret(pair, cluster, backend):
    publish(cluster, "echo", backend("echo"))
    tls = [{"hosts": ["foo.test"], "secretName": "cert"}]
    cluster.create(_ingress(("Prefix", "/", "echo"), tls=tls))
    authority = Authority()
    first, renewed = (tls_secret("cert", authority.issue("foo.test")) for _ in range(2))
    serials = []
    for write in (lambda: cluster.create(first), lambda: cluster.apply(renewed)):
        write()
        serials.append(_new_serial(pair, serials))
    cluster.delete("Secret", "cert")
    _new_serial(pair, serials, names=False)


def _new_serial(pair, old: list[int], *, names: bool = True) -> int:
    """Within 2 s another certificate is shown, which names the host, or not; its number."""
    web = Web(pair.http_port, pair.https_port)

    def serial() -> int:
        assert (web.names("foo.test") == ["foo.test"]) == names
        number = web.certificate("foo.test").serial_number
        assert number not in old
        return number

    return eventually(serial, within_s=SERVED_WITHIN_S, every_s=0.02)


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
