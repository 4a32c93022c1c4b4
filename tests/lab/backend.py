"""HTTP backends for tests: they tell what they were asked, as JSON.

The query of a request says how to answer, so that a path can be rewritten freely:

    ?status=503          that status
    ?delay_s=20          after so long
    ?size=100000         that many bytes instead of JSON
    ?chunks=5&every_s=1  a line at a time (`chunk 0`, `chunk 1`, ...)
    ?hang_up=1           the connection is closed without an answer
    ?header=X-A:b        that header in the answer, as often as it is given

A WebSocket upgrade is taken, and every message sent back. All backends of a
process share one thread; `python -m tests.lab.backend` runs one by itself.
"""

import argparse
import asyncio
import hashlib
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.lab.namespace import ADDRESS


@dataclass
class Backend:
    """One server, on an address that an EndpointSlice may name. A context manager."""

    name: str = "echo"
    address: str = ADDRESS
    port: int = 0
    """0: the kernel chooses, and this says which once it runs."""
    tls: ssl.SSLContext | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)
    """What was asked, oldest first, as it was answered."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers without anything in between."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """Listens, on the same port as before when it ran already."""
        _wait_for(self._start())

    def stop(self) -> None:
        """Closes the port and every connection at once."""
        _wait_for(self._runner.cleanup())

    async def _start(self) -> None:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, self.address, self.port, ssl_context=self.tls, reuse_address=True
        )
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _echo_messages(request)
        asked = await self._describe(request)
        self.seen.append(asked)
        wish = request.query
        await asyncio.sleep(float(wish.get("delay_s", 0)))
        if "hang_up" in wish and request.transport:
            request.transport.abort()
        headers = [_header(line) for line in wish.getall("header", [])]
        status = int(wish.get("status", 200))
        if "chunks" in wish:
            return await _stream(request, int(wish["chunks"]), float(wish.get("every_s", 0)))
        if "size" in wish:
            return web.Response(body=b"x" * int(wish["size"]), status=status, headers=headers)
        return web.json_response(asked, status=status, headers=headers)

    async def _describe(self, request: web.Request) -> dict[str, Any]:
        """What arrived; header names as they came, repeated ones joined by a comma."""
        digest, length = hashlib.sha256(), 0
        async for piece in request.content.iter_any():
            digest.update(piece)
            length += len(piece)
        return {
            "backend": self.name,
            "method": request.method,
            "path": request.rel_url.raw_path,
            "query": request.rel_url.raw_query_string,
            "host": request.host,
            "version": f"{request.version.major}.{request.version.minor}",
            "headers": {name: ", ".join(request.headers.getall(name)) for name in request.headers},
            "body_length": length,
            "body_sha256": digest.hexdigest(),
            "remote": request.remote,
            "connection": _client_port(request),
        }


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _client_port(request: web.Request) -> int:
    """What tells connections apart: requests with the same one shared theirs."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0


async def _echo_messages(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def _stream(request: web.Request, chunks: int, every_s: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    for number in range(chunks):
        await asyncio.sleep(every_s if number else 0)
        await response.write(f"chunk {number}\n".encode())
    return response


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The one thread in which all backends of this process answer."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="backends", daemon=True).start()
    return loop


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, _loop()).result(timeout=10)


def main() -> None:
    """Runs one backend until it is killed."""
    options = argparse.ArgumentParser(prog="python -m tests.lab.backend")
    options.add_argument("--name", default="echo")
    options.add_argument("--address", default=ADDRESS)
    options.add_argument("--port", type=int, required=True)
    given = options.parse_args()
    with Backend(given.name, given.address, given.port) as backend:
        print(f"{backend.name} answers at {backend.url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
