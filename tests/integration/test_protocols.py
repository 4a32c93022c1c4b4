"""What is spoken with clients, and with backends."""

import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from websockets.sync.client import connect

from tests.drivers import http2
from tests.drivers.ingresses import ingress, rule
from tests.drivers.web import Web
from tests.lab.backend import Backend
from tests.lab.objects import endpoint_slice, service, tls_secret
from tests.lab.pki import Authority

AUTHORITY = Authority()
CERTIFICATE = AUTHORITY.issue("foo.test", "localhost")


def _secure(site, *more, **annotations):
    given = {name.replace("_", "-"): value for name, value in annotations.items()}
    site.holds(
        ingress(
            rule("foo.test", ("Prefix", "/", "echo")),
            annotations={"ssl-redirect": "false"} | given,
            tls=[{"hosts": ["foo.test"], "secretName": "cert"}],
        ),
        tls_secret("cert", CERTIFICATE),
        *more,
    )


def test_http_2_is_spoken_over_tls(site):
    _secure(site)
    status, body = http2.ask(site.web, "https://foo.test/two", AUTHORITY.client_context())
    assert (status, json.loads(body)["path"]) == (200, "/two")


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_websocket_passes_without_an_annotation(scheme, site):
    _secure(site)
    wire = site.web.connect(f"{scheme.replace('ws', 'http')}://foo.test/")
    with connect("ws://foo.test/", sock=wire) as socket:
        socket.send("hello")
        socket.send(b"\0" * 100_000)
        assert (socket.recv(), len(socket.recv())) == ("hello", 100_000)


def test_a_websocket_outlives_reloads(site):
    _secure(site)
    with connect("ws://foo.test/", sock=site.web.connect("http://foo.test/")) as socket:
        for number in range(3):
            _secure(site, *site.published(f"other-{number}"))
            socket.send(f"after reload {number}")
            assert socket.recv() == f"after reload {number}"


def test_an_answer_streams_without_an_annotation(site):
    _secure(site)
    with site.web.connect("http://foo.test/") as wire, wire.makefile("rb") as answer:
        wire.sendall(b"GET /?chunks=2&every_s=0.5 HTTP/1.1\r\nHost: foo.test\r\n\r\n")
        arrived = {line.strip(): time.monotonic() for line in iter(answer.readline, b"0\r\n")}
    assert arrived[b"chunk 1"] - arrived[b"chunk 0"] > 0.3


def test_a_backend_may_speak_https(site):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*CERTIFICATE.write(site.folder.parent, "backend"))
    with Backend("secure", "127.0.0.1", tls=context) as secure:
        slices = endpoint_slice("echo", secure)
        _secure(site, service("echo"), slices, backend_protocol="HTTPS")
        assert site.answers("http://foo.test/") == "secure"


@pytest.fixture
def grpc_backend():
    """Sends every message back, one for one and as a stream."""

    def echo(request, context):
        context.set_trailing_metadata((("x-trailer", "kept"),))
        return request

    def echo_all(requests, _):
        yield from requests

    class Echo(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method.endswith("Stream"):
                return grpc.stream_stream_rpc_method_handler(echo_all)
            return grpc.unary_unary_rpc_method_handler(echo)

    server = grpc.server(ThreadPoolExecutor(4), handlers=[Echo()])
    yield GrpcEndpoint("127.0.0.1", server.add_insecure_port("127.0.0.1:0"), server)
    server.stop(None).wait()


class GrpcEndpoint:
    def __init__(self, address, port, server):
        self.address, self.port = address, port
        server.start()


@pytest.fixture
def channel(site, grpc_backend):
    """A gRPC client at the https port."""
    slices = endpoint_slice("echo", grpc_backend)
    _secure(site, service("echo"), slices, backend_protocol="GRPC")
    trust = grpc.ssl_channel_credentials(AUTHORITY.certificate.encode())
    options = [("grpc.ssl_target_name_override", "foo.test")]
    with grpc.secure_channel(f"127.0.0.1:{site.pair.https_port}", trust, options) as channel:
        yield channel


def test_a_grpc_call_passes_with_its_trailers(channel):
    answer, call = channel.unary_unary("/echo.Echo/One").with_call(b"hello", timeout=10)
    assert answer == b"hello"
    assert dict(call.trailing_metadata())["x-trailer"] == "kept"


def test_a_grpc_stream_passes_both_ways_message_by_message(channel):
    sent = iter([b"one", b"two", b"three"])
    answers = channel.stream_stream("/echo.Echo/Stream")(sent, timeout=10)
    assert list(answers) == [b"one", b"two", b"three"]


def test_clients_may_come_over_ipv6(site):
    _secure(site)
    six = Web(site.pair.http_port, site.pair.https_port, "::1")
    reply = six.ask("http://foo.test/")
    assert (reply.status, reply.echo["headers"]["X-Real-IP"]) == (200, "::1")
    assert six.status("https://foo.test/") == 200
