"""Promise C, as far as the configuration decides it."""

import socket

import pytest

from tests.drivers import models
from tests.drivers.models import location, server
from tests.drivers.nginx_process import Nginx
from tests.lab.waiting import eventually

MODEL = models.model(server("a.test", location("/", models.NOT_FOUND)))
REQUEST = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx"


@pytest.fixture
def nginx(tmp_path):
    with Nginx(tmp_path) as nginx:
        nginx.serve(MODEL)
        yield nginx


def answer(connection):
    connection.sendall(REQUEST)
    return connection.recv(65536)


def test_an_idle_connection_outlives_a_reload_and_is_then_told_to_close(nginx):
    with socket.create_connection(("127.0.0.1", nginx.http_port), timeout=5) as connection:
        assert b"Connection: keep-alive" in answer(connection)
        for _ in range(3):
            nginx.serve(MODEL)
        # The old workers are told to go a moment after the new ones have come.
        eventually(lambda: any("gracefully shutting down" in line for line in nginx.log))
        last = answer(connection)
        assert last.startswith(b"HTTP/1.1 404")
        assert b"Connection: close" in last


def test_nothing_that_a_reload_says_is_a_warning(nginx):
    nginx.serve(MODEL)
    assert not [line for line in nginx.log if "[notice]" not in line and line[:1] != "{"]
