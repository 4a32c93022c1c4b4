"""What the reloader tells nginx of endpoints. nginx's side is in tests/integration/endpoints."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reloader.contract import Endpoints, Volume, write_atomically
from reloader.endpoints import LiveEndpoints, Told
from tests.drivers.odd_files import ODD, put


class Listener:
    """Answers as nginx's status listener does, or with `status`; remembers what it got."""

    def __init__(self):
        self.token, self.status, self.got = "", 200, []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(listener.token if listener.status != 404 else "")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                listener.got.append((self.headers["X-Pillion-Key"], body))
                if listener.status == 200:
                    listener.token = body.split()[1]
                self.reply(listener.token)

            def reply(self, text):
                taken = self.command == "GET" and listener.status != 404
                self.send_response(200 if taken else listener.status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def bodies(self):
        return [body for _, body in self.got]


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def volume(tmp_path):
    for name in ("next", "live"):
        (tmp_path / name).mkdir()
    return Volume(tmp_path)


@pytest.fixture
def live(volume, listener):
    return LiveEndpoints(volume, listener.port)


def wish(volume, version, text):
    endpoints = Endpoints.of(version, text.encode())
    write_atomically(volume.endpoints, endpoints.encode())
    return endpoints


A, B = "a-x.a-80 10.0.0.1:80 10.0.0.2:80\n", "b-x.b-80 [fd00::1]:80\n"


def test_nginx_gets_everything_once_and_then_what_differs(volume, live, listener):
    first = wish(volume, 1, A + B)
    assert live.take()
    assert live.tell() is Told.DONE
    second = wish(volume, 2, "a-x.a-80 10.0.0.3:80\nc-x.c-80 10.0.0.4:80\n")
    assert live.take()
    assert live.tell() is Told.DONE
    news = "a-x.a-80 10.0.0.3:80\nc-x.c-80 10.0.0.4:80\nb-x.b-80\n"
    assert listener.bodies == [
        f"* {first.token}\n{A}{B}",
        f"{first.token} {second.token}\n{news}",
    ]
    assert live.version == 2


def test_the_file_that_nginx_reads_itself_is_there_before_it_is_told(volume, live):
    wanted = wish(volume, 1, A)
    live.take()
    assert Endpoints.parse(volume.live_endpoints.read_bytes()) == wanted


def test_nothing_is_told_twice_nor_to_an_nginx_that_has_read_the_file(volume, live, listener):
    listener.token = wish(volume, 1, A).token
    live.take()
    assert [live.tell(), live.tell()] == [Told.HAS_THEM, Told.NOTHING_NEW]
    live.doubt()
    assert live.tell() is Told.HAS_THEM
    assert listener.bodies == []


def test_an_nginx_that_has_others_than_it_should_gets_everything(volume, live, listener):
    wish(volume, 1, A + B)
    live.take()
    live.tell()
    listener.token = "another"
    second = wish(volume, 2, A)
    live.take()
    live.tell()
    assert listener.bodies[-1] == f"* {second.token}\n{A}"


def test_an_nginx_whose_configuration_has_its_endpoints_itself_is_left_alone(
    volume, live, listener
):
    listener.status = 404
    wish(volume, 1, A)
    live.take()
    assert [live.tell(), live.tell()] == [Told.NOT_WANTED, Told.NOTHING_NEW]
    assert (listener.bodies, live.version) == ([], 0)


def test_what_nginx_does_not_take_is_not_told_again_before_it_has_reloaded(volume, live, listener):
    listener.status = 507
    wish(volume, 1, A)
    live.take()
    assert [live.tell(), live.tell()] == [Told.REFUSED, Told.NOTHING_NEW]
    listener.status = 200
    live.doubt()
    assert live.tell() is Told.DONE


def test_an_nginx_that_is_not_there_is_asked_again(volume, live, listener):
    wish(volume, 1, A)
    live.take()
    listener.server.shutdown()
    listener.server.server_close()
    assert [live.tell(), live.tell()] == [Told.UNREACHABLE] * 2


def test_very_many_go_in_parts_that_follow_each_other(volume, live, listener):
    lines = [f"{number:08x}-x.a-80 10.0.0.1:80\n" for number in range(20_000)]
    token = wish(volume, 1, "".join(lines)).token
    live.take()
    assert live.tell() is Told.DONE
    heads = [body.partition("\n")[0].split() for body in listener.bodies]
    assert len(heads) > 3
    assert heads[0][0] == "*"
    assert [head[0] for head in heads[1:]] == [head[1] for head in heads[:-1]]
    assert heads[-1][1] == token
    assert "".join(body.partition("\n")[2] for body in listener.bodies) == "".join(lines)
    assert max(map(len, listener.bodies)) < 1 << 18


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: whole.replace(b"endpoints", b"generation", 1),
        lambda _: Endpoints.of(2, b"a 10.0.0.1\n").encode(),
        lambda _: Endpoints.of(2, b"a 10.0.0.1:80;\n").encode(),
        lambda _: Endpoints.of(2, "a 10.0.0.\N{SUPERSCRIPT ONE}:80\n".encode()).encode(),
    ],
)
def test_a_message_that_is_not_whole_changes_nothing(damage, volume, live, listener):
    wish(volume, 1, A)
    live.take()
    live.tell()
    volume.endpoints.write_bytes(damage(wish(volume, 2, B).encode()))
    assert live.take()  # it is news, and told in the log
    assert live.tell() is Told.NOTHING_NEW
    assert len(listener.bodies) == 1


@pytest.mark.parametrize("what", ODD)
def test_odd_files_stop_nothing(what, volume, live):
    put(what, volume.endpoints)
    live.take()
    assert live.version == 0


def test_the_next_reloader_goes_on_with_what_is_there_and_the_same_key(volume, live, listener):
    token = wish(volume, 1, A).token
    live.take()
    live.tell()
    after = LiveEndpoints(volume, listener.port)
    after.take()
    assert after.tell() is Told.HAS_THEM
    assert listener.token == token
    wish(volume, 2, B)
    after.take()
    after.tell()
    assert len({key for key, _ in listener.got}) == 1


def test_what_is_taken_away_from_live_is_written_again(volume, live):
    wanted = wish(volume, 1, A)
    live.take()
    volume.live_endpoints.unlink()
    volume.endpoints_key.unlink()
    live.take()
    assert Endpoints.parse(volume.live_endpoints.read_bytes()) == wanted
    assert volume.endpoints_key.stat().st_mode & 0o777 == 0o600
