"""The backends of the corpus: they tell what they got, as JSON, over HTTP, TLS, FastCGI and gRPC.

What they answer is the request's to say, by headers: X-Echo-Status, X-Echo-Header (`Name:
value`), X-Echo-Body (text, or `size:N`), X-Echo-Big (a header of that length), X-Echo-Delay.
Where a request's headers cannot be chosen, by the query: `_status=`, `_h=Name:value`,
`_body=`, and `_if=Header:value`, which allows only what has that header.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.compat.canonical import TAG
from tests.compat.certificates import Certificates
from tests.compat.manifests import NETWORK

PLAIN = {1: "a", 2: "b", 3: "c", 4: "d", 5: "errors", 20: "auth", 21: "mirror", 22: "errors2"}
"""The backends by the last part of their addresses."""
_UNSHARED = range(41, 60)
"""Those with TLS that only one Ingress uses."""
_PORTS = {28080: "", 28081: "-alt"}
_TLS_PORT, _FASTCGI_PORT, _GRPC_PORT, _GRPCS_PORT = 28443, 29000, 29001, 29443
_LONGEST_LINE = 1 << 20
_ANNOUNCED_BODY_S = 1
"""How long the backend of mirrored requests waits for a body that never comes."""

Description = dict[str, Any]
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class _Said:
    """What an answer is to be."""

    status: int = 200
    headers: Pairs = field(default_factory=list)
    body: str | None = None
    delay_s: float = 0


class Log:
    """What the backends got, by their names and the tags of requests."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[str, Description]]] = defaultdict(
            lambda: deque(maxlen=500)
        )

    def add(self, backend: str, tag: str, what: Description) -> None:
        self._seen[backend].append((tag, what))

    def of(self, backend: str, tag: str) -> list[Description]:
        return [dict(what) for each, what in [*self._seen[backend]] if each == tag]


@contextmanager
def running(certificates: Certificates) -> Iterator[Log]:
    """Runs them all, in a thread; gives their log."""
    log, loop = Log(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(what: Awaitable[object]) -> None:
        asyncio.run_coroutine_threadsafe(_awaited(what), loop).result(30)

    with contextlib.ExitStack() as stuck:
        _fill_up(stuck)
        run(_start(certificates, log))
        yield log
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _awaited(what: Awaitable[object]) -> None:
    await what


def _fill_up(stack: contextlib.ExitStack) -> None:
    """Have one address whose queue is full: connecting there takes for ever."""
    place = (NETWORK + "31", 28080)
    stack.enter_context(socket.create_server(place, backlog=0))
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.settimeout(0)
        waiting.connect_ex(place)


async def _start(certificates: Certificates, log: Log) -> None:
    context = _server(*map(str, certificates.files("backend")))
    context.load_verify_locations(cadata=certificates.authority("clientca"))
    context.verify_mode = ssl.CERT_OPTIONAL

    async def listen(name: str, address: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        serve = _serving(name, log)
        await asyncio.start_server(serve, address, port, ssl=tls, limit=_LONGEST_LINE, backlog=512)

    for number, name in PLAIN.items():
        address = f"{NETWORK}{number}"
        for port, suffix in _PORTS.items():
            await listen(name + suffix, address, port)
        await listen(f"{name}-tls", address, _TLS_PORT, context)
    for number in _UNSHARED:
        await listen("tls", f"{NETWORK}{number}", _TLS_PORT, context)
    far = _server(*map(str, certificates.files("backend-far")))
    await listen("chain", NETWORK + "60", _TLS_PORT, far)
    secure = _server(*map(str, certificates.files("backend")))
    secure.set_alpn_protocols(["h2"])
    grpc = NETWORK + "7"
    await asyncio.start_server(lambda r, w: _serve_grpc("grpc", r, w), grpc, _GRPC_PORT)
    await asyncio.start_server(
        lambda r, w: _serve_grpc("grpcs", r, w), grpc, _GRPCS_PORT, ssl=secure
    )
    await asyncio.start_server(_serve_fastcgi, NETWORK + "6", _FASTCGI_PORT)


def _server(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = _remember_name  # type: ignore[assignment]
    return context


def _remember_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    connection.asked_for = name  # type: ignore[attr-defined]


# --- HTTP/1 -----------------------------------------------------------------------------------

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _serving(name: str, log: Log) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            while await _exchange(name, log, reader, writer):
                pass
        writer.close()

    return serve


async def _exchange(
    name: str, log: Log, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answer one request; whether another may come on this connection."""
    line = await _line(reader)
    if not line:
        return False
    headers = []
    while header := await _line(reader):
        key, _, value = header.partition(":")
        headers.append((key, value.strip()))
    seen = _described(name, writer, line, headers)
    try:
        wait_s = _ANNOUNCED_BODY_S if name == "mirror" else None
        body = await asyncio.wait_for(_body(reader, headers), wait_s)
    except TimeoutError:
        body, seen = b"", seen | {"body_missing": True}
    seen |= _described_body(body)
    low = {key.lower(): value for key, value in headers}
    log.add(name, low.get(TAG, ""), seen)
    said = _said(name, seen["target"], headers)
    await asyncio.sleep(min(said.delay_s, 5))
    return await _answer(name, seen, said, low, writer)


async def _answer(
    name: str,
    seen: Description,
    said: _Said,
    asked: dict[str, str],
    writer: asyncio.StreamWriter,
) -> bool:
    text = json.dumps(seen) if said.body is None else said.body
    if text.startswith("size:"):
        text = "x" * int(text[5:])
    content = text.encode("latin-1")
    bodiless = said.status in (204, 304) or said.status < 200
    silent = bodiless or seen["method"] == "HEAD"
    lines = [f"HTTP/1.1 {said.status} Echo", "Server: echo", f"X-Backend: {name}"]
    if not silent and "content-type" not in {key.lower() for key, _ in said.headers}:
        kind = "application/json" if content[:1] in (b"{", b"[") else "text/plain"
        lines.append(f"Content-Type: {kind}")
    lines += [f"{key}: {value}" for key, value in said.headers]
    lines += [] if bodiless else [f"Content-Length: {len(content)}"]
    ends = asked.get("connection", "").lower() == "close" or seen["version"] == "HTTP/1.0"
    lines.append("Connection: close" if ends else "Connection: keep-alive")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    writer.write(head + (b"" if silent else content))
    await writer.drain()
    return not ends


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readline()).decode("latin-1").rstrip("\r\n")


async def _body(reader: asyncio.StreamReader, headers: Pairs) -> bytes:
    low = {key.lower(): value for key, value in headers}
    if "chunked" not in low.get("transfer-encoding", "").lower():
        return await reader.readexactly(int(low.get("content-length") or 0))
    found = b""
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        data = await reader.readexactly(size + 2)
        if not size:
            return found
        found += data[:-2]


def _described(name: str, writer: asyncio.StreamWriter, line: str, headers: Pairs) -> Description:
    method, target, version = [*line.split(" ", 2), "", ""][:3]
    tls = writer.get_extra_info("ssl_object")
    seen = {
        "backend": name,
        "port": writer.get_extra_info("sockname")[1],
        "tls": tls is not None,
        "method": method,
        "target": target,
        "version": version,
        "headers": headers,
    }
    return seen | (_described_tls(tls) if tls is not None else {})


def _described_tls(tls: ssl.SSLObject) -> Description:
    certificate = tls.getpeercert() or {}
    names = [f"{key}={value}" for part in certificate.get("subject", ()) for key, value in part]  # type: ignore[misc,union-attr]
    seen = {
        "sni": getattr(tls, "asked_for", None),
        "client_cert": ",".join(names) or None,
        "tls_version": tls.version(),
    }
    cipher = tls.cipher()
    return seen | ({"tls_cipher": cipher[0]} if cipher and tls.version() == "TLSv1.2" else {})


def _described_body(body: bytes) -> Description:
    text = body.decode("latin-1")
    return {"body_len": len(body), "body": text if len(text) <= 200 else None}


def _said(name: str, target: str, headers: Pairs) -> _Said:
    """Say what a request asks to be answered."""
    pairs = [(key.lower(), value) for key, value in headers]
    asked, query = dict(pairs), parse_qsl(urlsplit(target).query, keep_blank_values=True)
    by_query = dict(query)
    status, more, body = 200, list[tuple[str, str]](), None
    if name != "auth":  # asked by nginx, with headers of the client's
        status, body = int(asked.get("x-echo-status", 200)), asked.get("x-echo-body")
        more = [_header(value) for key, value in pairs if key == "x-echo-header"]
        more += [("X-Big", "b" * int(asked["x-echo-big"]))] if "x-echo-big" in asked else []
    status = int(by_query.get("_status", status))
    if "_if" in by_query:
        key, wanted = by_query["_if"].split(":", 1)
        allowed = asked.get(key.lower()) == wanted
        status = 200 if allowed else int(by_query.get("_status", 401))
    if name.startswith("errors"):
        status = int(asked.get("x-code", 404))
    more += [_header(value) for key, value in query if key == "_h"]
    delay_s = float(asked.get("x-echo-delay", 0))
    return _Said(status, more, by_query.get("_body", body), delay_s)


def _header(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key.strip(), value.strip()


# --- FastCGI ----------------------------------------------------------------------------------

_RECORD = struct.Struct("!BBHHBB")
_END, _PARAMETERS, _STDIN, _STDOUT = 3, 4, 5, 6


async def _serve_fastcgi(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests one after another with the parameters that came."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            number, parameters, body = await _fastcgi_request(reader)
            seen = {"backend": "fcgi", "params": parameters, "body": body.decode("latin-1")}
            head = b"Content-Type: application/json\r\nX-Backend: fcgi\r\n\r\n"
            content = head + json.dumps(seen).encode()
            for kind, data in ((_STDOUT, content), (_STDOUT, b""), (_END, bytes(8))):
                writer.write(_RECORD.pack(1, kind, number, len(data), 0, 0) + data)
            await writer.drain()
    writer.close()


async def _fastcgi_request(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    parameters = body = b""
    while True:
        record = _RECORD.unpack(await reader.readexactly(_RECORD.size))
        _, kind, number, length, padding, _ = record
        data = await reader.readexactly(length)
        await reader.readexactly(padding)
        if kind == _PARAMETERS:
            parameters += data
        elif kind == _STDIN and not data:
            return number, dict(_fastcgi_pairs(parameters)), body
        elif kind == _STDIN:
            body += data


def _fastcgi_pairs(data: bytes) -> Iterator[tuple[str, str]]:
    while data:
        sizes = []
        for _ in range(2):
            size = 4 if data[0] & 0x80 else 1
            sizes.append(int.from_bytes(data[:size]) & 0x7FFFFFFF)
            data = data[size:]
        name, value, data = data[: sizes[0]], data[sizes[0] : sum(sizes)], data[sum(sizes) :]
        yield name.decode("latin-1"), value.decode("latin-1")


# --- gRPC -------------------------------------------------------------------------------------


async def _serve_grpc(
    name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer every request as a gRPC call, its description in the one message."""
    config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
    state = h2.connection.H2Connection(config)
    state.initiate_connection()
    streams: dict[int, tuple[Pairs, bytearray]] = {}
    with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
        writer.write(state.data_to_send())
        while data := await reader.read(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = ([*event.headers], bytearray())  # type: ignore[list-item]
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id][1].extend(event.data)
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    seen = _described_call(name, writer, *streams[event.stream_id])
                    _answer_call(seen, state, event.stream_id)
            writer.write(state.data_to_send())
            await writer.drain()
    writer.close()


def _described_call(
    name: str, writer: asyncio.StreamWriter, headers: Pairs, body: bytearray
) -> Description:
    low = dict(headers)
    line = f"{low[':method']} {low[':path']} HTTP/2"
    own = [(key, value) for key, value in headers if not key.startswith(":")]
    seen = _described(name, writer, line, own) | _described_body(bytes(body))
    return seen | {"authority": low.get(":authority"), "scheme": low.get(":scheme")}


def _answer_call(seen: Description, state: h2.connection.H2Connection, stream: int) -> None:
    asked = dict(seen["headers"])
    message = json.dumps(seen).encode("latin-1")
    head = {":status": asked.get("x-echo-status", "200"), "content-type": "application/grpc"}
    state.send_headers(stream, [*(head | {"x-backend": seen["backend"]}).items()])
    state.send_data(stream, b"\0" + struct.pack("!I", len(message)) + message)
    trailers = {"grpc-status": asked.get("x-echo-grpc-status", "0"), "grpc-message": "said"}
    state.send_headers(stream, [*trailers.items()], end_stream=True)
