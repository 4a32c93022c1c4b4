"""Promises D and E at the reloader: a wish is served, or refused and explained."""

import os
import signal
import socket
import ssl
import time

import pytest

from reloader.contract import Wish, write_atomically
from tests.drivers.keepalive_clients import Clients
from tests.lab.ports import free_port
from tests.lab.waiting import eventually


def test_a_wish_is_served_by_new_workers_only_once_it_is_answered(serving):
    before = serving.answer_to(1).started_workers
    wish = serving.publish(2)

    status = serving.answer_to(2)

    assert serving.served() == "this is 2"
    assert (status.applied, status.hash, status.serving) == (True, wish.hash, 2)
    assert len(status.started_workers) == 2
    assert set(status.started_workers).isdisjoint(before)
    assert set(status.durations) == {"seen", "check", "reload", "verify"}


def test_it_tells_what_nginx_is_before_the_first_wish(station):
    station.start_reloader()

    status = eventually(station.status)

    assert (status.generation, status.applied) == (0, False)
    assert status.nginx_version.startswith("1.")
    assert "http_v2_module" in status.nginx_modules


def test_a_broken_wish_is_refused_with_its_line_and_the_old_one_goes_on(serving):
    broken = serving.publish(2, extra="proxy_foo bar;")

    status = serving.answer_to(2)

    line = broken.encode().splitlines().index(b"    proxy_foo bar;") + 1
    assert (status.applied, status.stage, status.serving) == (False, "check", 1)
    assert status.message == 'unknown directive "proxy_foo"'
    assert (status.file, status.line) == (str(serving.volume.wish), line)
    assert serving.served() == "this is 1"
    assert b"proxy_foo" not in serving.volume.live.read_bytes()


def test_a_refused_wish_is_checked_once_and_the_next_one_is_served(station):
    station.start_reloader("--poll-interval", "0.02")
    station.start_nginx()
    station.publish(1, extra="proxy_foo bar;")
    assert not station.answer_to(1).applied

    station.volume.wish.touch()  # seen anew, but the same
    station.publish(2)

    assert station.answer_to(2).applied
    assert len(station.events("wish.refused")) == 1


def test_of_wishes_in_a_row_the_newest_is_served(serving):
    for generation in range(2, 12):
        serving.publish(generation)

    assert serving.answer_to(11).applied
    assert serving.served() == "this is 11"


def test_nginx_may_start_last(station):
    station.start_reloader()
    station.publish(1)
    eventually(lambda: station.events("nginx.waiting"))
    assert station.status().generation == 0

    station.start_nginx()

    assert station.answer_to(1).applied
    assert station.served() == "this is 1"


def test_without_nginx_a_newer_wish_takes_the_place_of_a_waiting_one(station):
    station.start_reloader()
    station.publish(1)
    eventually(lambda: station.events("nginx.waiting"))
    station.publish(2)
    eventually(lambda: len(station.events("nginx.waiting")) == 2)

    station.start_nginx()

    assert station.answer_to(2).applied


def test_a_wish_refused_meanwhile_keeps_its_answer_when_nginx_comes(station):
    station.start_reloader()
    station.publish(1)
    eventually(lambda: station.events("nginx.waiting"))
    station.publish(2, extra="proxy_foo bar;")
    station.answer_to(2)

    station.start_nginx()

    status = eventually(lambda: station.status().serving == 1 and station.status())
    assert (status.generation, status.applied) == (2, False)


def test_a_wish_that_nginx_does_not_come_to_serve_is_taken_back(station):
    station.start_reloader("--verify-timeout", "3")
    station.start_nginx()
    station.publish(1)
    station.answer_to(1)
    with socket.create_server(("127.0.0.1", station.upstream_port)):
        # `nginx -t` does not mind a port that another program holds; a reload does.
        station.publish(2, extra=f"server {{ listen 127.0.0.1:{station.upstream_port}; }}")

        status = station.answer_to(2)

        assert (status.applied, status.stage, status.serving) == (False, "reload", 1)
        assert status.message == "nginx went on with generation 1 and did not change within 3 s"
        assert station.served() == "this is 1"
        assert station.volume.live.read_bytes() == station.wish(1).encode()
    station.publish(3)
    assert station.answer_to(3).applied
    assert not station.events("reload.rollback_failed")


def test_workers_that_are_new_but_answer_another_generation_are_not_enough(station):
    station.start_reloader("--verify-timeout", "0.5")
    station.start_nginx()
    mislabelled = Wish.of(7, station.wish(6).body)
    station.volume.wish.parent.mkdir()
    write_atomically(station.volume.wish, mislabelled.encode())

    status = station.answer_to(7)

    assert not status.applied
    assert status.message == "nginx went on with generation 6 and did not change within 0.5 s"


def test_one_old_worker_that_still_takes_connections_is_too_many(station):
    station.start_reloader("--verify-timeout", "0.5")
    station.start_nginx()
    station.publish(1)
    stuck = station.answer_to(1).started_workers[0]
    os.kill(stuck, signal.SIGSTOP)

    station.publish(2)

    message = "nginx did not replace all of its workers within 0.5 s"
    assert station.answer_to(2).message == message


def test_a_response_in_flight_survives_and_does_not_hold_up_the_answer(serving):
    with socket.create_server(("127.0.0.1", serving.upstream_port)) as backend:
        client = socket.create_connection(("127.0.0.1", serving.http_port))
        client.sendall(b"GET /proxied HTTP/1.0\r\n\r\n")
        upstream, _ = backend.accept()
        upstream.recv(65536)

        serving.publish(2)
        assert serving.answer_to(2).applied

        upstream.sendall(b"HTTP/1.0 200 OK\r\n\r\nlate")
        upstream.close()
        with client, client.makefile("rb") as answer:
            assert answer.read().endswith(b"late")


def test_a_wish_that_does_not_fit_its_first_line_is_told_and_waits(serving):
    whole = serving.wish(2)
    write_atomically(serving.volume.wish, whole.encode()[:-10])
    eventually(lambda: serving.events("wish.malformed"))

    write_atomically(serving.volume.wish, whole.encode())

    assert serving.answer_to(2).applied


def test_keep_alive_clients_lose_nothing_through_reloads(serving):
    with Clients(serving.http_port, "localhost").running() as tally:
        for generation in range(2, 8):
            serving.publish(generation)
            assert serving.answer_to(generation).applied

    assert tally.failures == []
    assert tally.answered > 100


def test_before_the_first_wish_probes_hear_that_nginx_lives_and_is_not_ready(station):
    probe_port = free_port()
    station.start_reloader("--probe-port", str(probe_port))
    station.start_nginx()

    assert eventually(lambda: station.get("/healthz", probe_port)) == (200, "ok")
    assert station.get("/readyz", probe_port)[0] == 503


def test_before_the_first_wish_nginx_answers_for_its_health_and_503_for_the_rest(station):
    https_port = free_port()
    ports = ("--http-port", str(station.http_port), "--https-port", str(https_port))
    station.start_reloader(*ports)
    station.start_nginx()

    assert eventually(lambda: station.get("/healthz", station.status_port)) == (200, "ok")
    assert station.get("/generation", station.status_port) == (200, "0")
    assert station.get("/", station.http_port)[0] == 503
    with (
        pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
        socket.create_connection(("127.0.0.1", https_port)) as connection,
    ):
        ssl.create_default_context().wrap_socket(connection, server_hostname="shop.example")


def test_a_reload_may_take_longer_where_the_check_did_and_a_slow_one_is_told(station, tmp_path):
    slow = tmp_path / "slow-nginx"
    slow.write_text(f'#!/bin/sh\n[ "$1" = -t ] && sleep 0.3\nexec "{station.nginx}" "$@"\n')
    slow.chmod(0o755)
    station.start_reloader("--verify-timeout", "0.05", nginx=str(slow))
    nginx = station.start_nginx()
    station.publish(1)
    assert station.answer_to(1).applied
    nginx.signal(signal.SIGSTOP)
    station.publish(2)
    eventually(lambda: station.volume.live.read_bytes() == station.wish(2).encode())
    time.sleep(0.9)
    nginx.signal(signal.SIGCONT)
    assert station.answer_to(2).applied
    assert [line["generation"] for line in station.events("reload.slow")] == [2]
