"""The access log: one JSON object a line."""

import datetime as dt
import json

import pytest

from tests.drivers import models
from tests.drivers.models import proxied, server, upstream
from tests.drivers.nginx_process import Nginx
from tests.lab.backend import Backend
from tests.lab.waiting import eventually

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with Backend("echo", "127.0.0.1") as echo, Nginx(tmp_path_factory.mktemp("nginx")) as nginx:
        up = upstream("echo", ("127.0.0.1", echo.port))
        owned = {"service": "default/echo", "port": "http"}
        nginx.serve(models.model(server("a.test", proxied("/a$b", up, **owned)), upstreams=[up]))
        yield nginx, up


def logged(nginx, request_id):
    """The line of the request with this ID."""

    def found():
        lines = [json.loads(line) for line in nginx.log if line.startswith("{")]
        return [line for line in lines if line["request_id"] == request_id]

    return eventually(found)[0]


def test_a_line_tells_whose_request_it_was_and_what_became_of_it(nginx):
    nginx, _ = nginx
    nginx.web.ask("http://a.test/a$b?c=d", "POST", body=b"x", headers={"X-Request-ID": "one"})
    line = logged(nginx, "one")
    for measured in ("duration_s", "request_bytes", "response_bytes", "body_bytes"):
        assert line.pop(measured) >= 0
    assert abs(dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(line.pop("timestamp"))) < MINUTE
    assert float(line.pop("upstream_duration_s")) >= 0
    assert line.pop("upstream_addr").startswith("127.0.0.1:")
    assert line == {
        "level": "info",
        "event": "request.served",
        "component": "nginx",
        "remote_addr": "127.0.0.1",
        "host": "a.test",
        "method": "POST",
        "uri": "/a$b?c=d",
        "protocol": "HTTP/1.1",
        "scheme": "http",
        "status": 200,
        "request_id": "one",
        "user_agent": "",
        "referer": "",
        "ingress": "default/shop",
        "service": "default/echo",
        "port": "http",
        "rule": "/a$b",
        "upstream_status": "200",
    }


def test_a_line_stays_json_whatever_a_client_sends(nginx):
    nginx, _ = nginx
    agent = 'a"b\\c\x01\x7f\xff'
    nginx.web.ask("http://a.test/", headers={"X-Request-ID": "two", "User-Agent": agent})
    assert logged(nginx, "two")["user_agent"].startswith('a"b\\c\x01\x7f')


def test_a_request_that_never_came_to_a_location_is_nobodys_and_no_warning(nginx):
    nginx, _ = nginx
    with nginx.web.connect("http://a.test/") as wire:
        wire.sendall(b"BROKEN\r\n\r\n")
        wire.recv(1000)

    def broken():
        lines = [json.loads(line) for line in nginx.log if line.startswith("{")]
        return [line for line in lines if line["status"] == 400]

    assert eventually(broken)[0]["ingress"] == ""
    assert not [line for line in nginx.log if "[warn]" in line]
