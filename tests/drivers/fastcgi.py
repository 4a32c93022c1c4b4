"""A FastCGI responder that answers with the parameters it was given."""

import json
import socketserver
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from tests.drivers.tcp import served

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
HEADER = struct.Struct("!BBHHBx")


def responder() -> AbstractContextManager[int]:
    """Runs one as long as the `with`; gives its port."""
    return served(_Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while request := _request(self.rfile):
            number, parameters = request
            body = json.dumps(parameters).encode()
            self._send(STDOUT, number, b"Content-Type: application/json\r\n\r\n" + body)
            self._send(END, number, bytes(8))

    def _send(self, kind: int, number: int, content: bytes) -> None:
        self.wfile.write(HEADER.pack(1, kind, number, len(content), 0) + content)


def _request(stream: BinaryIO) -> tuple[int, dict[str, str]] | None:
    parameters = b""
    while header := stream.read(HEADER.size):
        _, kind, number, length, padding = HEADER.unpack(header)
        content = stream.read(length)
        stream.read(padding)
        if kind == PARAMS:
            parameters += content
        elif kind == STDIN and not content:
            return number, dict(_pairs(parameters))
    return None


def _pairs(text: bytes) -> Iterator[tuple[str, str]]:
    while text:
        (name, value), text = _lengths(text)
        yield text[:name].decode(), text[name : name + value].decode()
        text = text[name + value :]


def _lengths(text: bytes) -> tuple[tuple[int, int], bytes]:
    found = []
    for _ in range(2):
        size = 4 if text[0] & 0x80 else 1
        found.append(int.from_bytes(text[:size]) & 0x7FFFFFFF)
        text = text[size:]
    return (found[0], found[1]), text
