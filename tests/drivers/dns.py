"""A name server that knows a few IPv4 addresses and denies all else."""

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address

A, NO_ERROR, NO_SUCH_NAME = 1, 0x8180, 0x8183


@contextmanager
def name_server(addresses: Mapping[str, str]) -> Iterator[str]:
    """Runs one; gives address and port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            socket.sendto(_answer(query, addresses), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _answer(query: bytes, addresses: Mapping[str, str]) -> bytes:
    labels, position = [], 12
    while length := query[position]:
        labels.append(query[position + 1 : position + 1 + length].decode())
        position += 1 + length
    question = query[12 : position + 5]
    (kind,) = struct.unpack_from("!H", query, position + 1)
    address = addresses.get(".".join(labels))
    known = address is not None and kind == A
    flags = NO_ERROR if address else NO_SUCH_NAME
    head = query[:2] + struct.pack("!5H", flags, 1, int(known), 0, 0)
    record = struct.pack("!3HIH", 0xC00C, A, 1, 60, 4) + IPv4Address(address or 0).packed
    return head + question + (record if known else b"")
