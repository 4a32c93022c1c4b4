"""Keep-alive clients that write blind, as a browser's or a proxy's pool does.

Each sends its next POST on the idle connection without looking whether the other
side has closed it. It takes a new connection only when the last answer said
`Connection: close`. A POST must not be sent twice, so whatever is not answered
with 200 is a failed request.
"""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BODY = b"x" * 100


@dataclass
class Tally:
    """What became of the requests of all clients."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Clients:
    """Several clients, each a thread, until the `with` ends."""

    port: int
    host: str
    path: str = "/"
    clients: int = 8
    idle_s: float = 0.03
    """The longest time that a connection lies idle; long enough for a reload to meet it."""
    address: str = "127.0.0.1"

    @contextmanager
    def running(self) -> Iterator[Tally]:
        """Sends until the block ends; the tally is whole after it."""
        tally, stop, lock = Tally(), threading.Event(), threading.Lock()
        arguments = (tally, stop, lock)
        threads = [threading.Thread(target=self._run, args=arguments) for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        try:
            yield tally
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _run(self, tally: Tally, stop: threading.Event, lock: threading.Lock) -> None:
        pause = random.Random(threading.get_ident())
        while not stop.is_set():
            try:
                answered, failure = self._use_one_connection(stop, pause)
            except OSError as error:
                answered, failure = 0, f"no connection: {error!r}"
            with lock:
                tally.answered += answered
                tally.failures += [failure] if failure else []

    def _use_one_connection(self, stop: threading.Event, pause: random.Random) -> tuple[int, str]:
        """Sends until told to close; how many were answered, and why the last one was not."""
        answered = 0
        with socket.create_connection((self.address, self.port), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not stop.is_set():
                try:
                    connection.sendall(self._request())
                    status, closes = _read_answer(connection)
                except (OSError, ValueError) as error:
                    return answered, f"request {answered + 1} of a connection: {error!r}"
                if status != b"200":
                    return answered, f"answered {status.decode()}"
                answered += 1
                if closes:
                    break
                stop.wait(pause.uniform(0, self.idle_s))
        return answered, ""

    def _request(self) -> bytes:
        head = f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(BODY)}\r\n"
        return head.encode() + b"\r\n" + BODY


def _read_answer(connection: socket.socket) -> tuple[bytes, bool]:
    """The status, and whether the connection ends with this answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, rest = received.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    fields = {k.strip().lower(): v.strip() for k, _, v in (i.partition(b":") for i in lines[1:])}
    if fields.get(b"transfer-encoding") == b"chunked":
        while not rest.endswith(b"0\r\n\r\n"):
            rest += _more(connection)
    else:
        while len(rest) < int(fields.get(b"content-length", 0)):
            rest += _more(connection)
    return lines[0].split(b" ")[1], fields.get(b"connection", b"").lower() == b"close"


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ValueError("closed before the answer was whole")
    return received
