"""The scenario that Pillion began with: one echo server, one path, and a default backend."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from tests.drivers.ingresses import ingress, rule
from tests.lab.objects import publish
from tests.lab.waiting import eventually

FOO = "http://k8s.meiqia.com/foo"


class DefaultBackend(BaseHTTPRequestHandler):
    """404 at /, 200 at /healthz, as Kubernetes' own defaultbackend."""

    def do_GET(self) -> None:
        healthy = self.path == "/healthz"
        body = b"ok" if healthy else b"default backend - 404"
        self.send_response(200 if healthy else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def default_backend() -> Iterator[SimpleNamespace]:
    server = ThreadingHTTPServer(("10.77.5.1", 0), DefaultBackend)
    Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(address="10.77.5.1", port=server.server_port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def web(cluster, backend, start_pair, make_class):
    """The pair, with all objects of the scenario, as soon as it serves them."""
    flag = f"--default-backend-service={cluster.namespace}/default-http-backend"
    with default_backend() as unknown, make_class("nginx"), start_pair(flag) as pair:
        publish(cluster, "default-http-backend", unknown)
        publish(cluster, "echoheaders-default", backend("echoheaders", "10.77.5.2"))
        rules = rule("k8s.meiqia.com", ("Prefix", "/foo", "echoheaders-default"))
        cluster.create(ingress(rules, name="echomap", ingressClassName="nginx"))
        # Applied, not answered once: for 100 ms workers of before answer too.
        eventually(lambda: any(a["upstreams"] == 2 for a in pair.logs("config.applied")[-1:]))
        yield pair.web


def test_the_path_echoes_and_everything_else_is_the_default_backend_s(web):
    echo = web.ask(FOO, headers={"X-Own": "yes"}).echo
    assert (echo["backend"], echo["path"], echo["host"]) == (
        "echoheaders",
        "/foo",
        "k8s.meiqia.com",
    )
    assert echo["headers"]["X-Own"] == "yes"
    for url in ("http://k8s.meiqia.com/", "http://k8s.meiqia.com/bar", "http://another.test/foo"):
        reply = web.ask(url)
        assert (reply.status, reply.body) == (404, b"default backend - 404")
    assert web.ask("http://another.test/healthz").body == b"ok"
