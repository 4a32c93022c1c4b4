"""A backend that changes to any protocol it is offered, and says what it heard after that."""

import socketserver
from contextlib import AbstractContextManager

from tests.drivers.tcp import served


def upgrading() -> AbstractContextManager[int]:
    """Runs one as long as the `with`; gives its port."""
    return served(_Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        lines = [line.strip().lower() for line in iter(self.rfile.readline, b"\r\n") if line]
        if any(line.startswith(b"upgrade:") for line in lines):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n")
            self.wfile.write(b"Upgrade: x\r\n\r\n")
            self.wfile.write(b"HEARD " + self.rfile.read(6))
            return
        told = b"\n".join(lines)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ")
        self.wfile.write(str(len(told)).encode() + b"\r\n\r\n" + told)
