"""A client that sends requests as they are written, over HTTP/1 and HTTP/2, with or without TLS."""

import hashlib
import re
import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import h2.config
import h2.connection
import h2.events
from cryptography import x509

from tests.compat.canonical import TAG
from tests.compat.certificates import ORGANIZATION, Certificates
from tests.compat.corpus import Request

PATIENCE_S = 12
_NAMES = {"2.5.4.3": "commonName", "2.5.4.10": "organizationName"}


@dataclass(frozen=True)
class Raw:
    """An answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]] = field(default_factory=list)


class Connection:
    """One connection to nginx."""

    def __init__(
        self, port: int, request: Request, host: str, certificates: Certificates, *, tls: bool
    ) -> None:
        patience_s = request.get("patience", PATIENCE_S)
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
        self._waiting = b""
        self.tls: dict[str, Any] = {}
        if proxy := request.get("proxy_protocol"):
            self._socket.sendall(f"PROXY {proxy}\r\n".encode())
        if tls:
            context = _context(request, certificates)
            name = request.get("sni", host.partition(":")[0]) or None
            secure = context.wrap_socket(self._socket, server_hostname=name)
            self._socket, self.tls = secure, _shown(secure, request)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Sends what there is; an early answer may wait where it is not taken whole."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def answer(self, method: str) -> Raw:
        """Reads one answer over HTTP/1; HTTP/0.9's has no head."""
        while True:
            first = self._line()
            if not first.startswith("HTTP/"):
                return Raw(0, [], first.encode("latin-1") + b"\r\n" + self._rest())
            status = int(first.split(" ", 2)[1])
            headers = self._headers()
            if status >= 200 or status == 101:
                break
        if method == "HEAD" or status in (204, 304, 101):
            return Raw(status, headers, b"")
        low = dict(headers)
        if "chunked" in low.get("transfer-encoding", ""):
            return Raw(status, headers, self._chunks(), self._headers())
        if "content-length" in low:
            return Raw(status, headers, self._exactly(int(low["content-length"])))
        return Raw(status, headers, self._rest())

    def _chunks(self) -> bytes:
        found = b""
        while size := int(self._line().split(";")[0], 16):
            found += self._exactly(size + 2)[:-2]
        return found

    def _headers(self) -> list[tuple[str, str]]:
        found = []
        while line := self._line():
            name, _, value = line.partition(":")
            found.append((name.lower(), value.strip()))
        return found

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._waiting += data

    def _line(self) -> str:
        while b"\n" not in self._waiting:
            self._fill()
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def _exactly(self, size: int) -> bytes:
        while len(self._waiting) < size:
            self._fill()
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _rest(self) -> bytes:
        try:
            while True:
                self._fill()
        except EOFError:
            data, self._waiting = self._waiting, b""
            return data

    def http2(self, request: Request, host: str, path: str, tag: str) -> Raw:
        """One request over HTTP/2; with `grpc` its body is one message."""
        state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
        state.initiate_connection()
        head = {
            ":method": request.get("method", "GET"),
            ":scheme": request.get("scheme", "http"),
            ":authority": host,
            ":path": path,
        }
        more = [(name.lower(), value) for name, value in _asked(request)]
        body = _content(request)
        if body and request.get("grpc"):
            body = b"\0" + struct.pack("!I", len(body)) + body
        tagged = [(TAG, tag)] if tag else []
        state.send_headers(1, [*head.items(), *more, *tagged], end_stream=not body)
        if body:
            state.send_data(1, body, end_stream=True)
        return self._http2_answer(state)

    def _http2_answer(self, state: h2.connection.H2Connection) -> Raw:
        status, headers, body = 0, list[tuple[str, str]](), b""
        trailers = list[tuple[str, str]]()
        while True:
            self._socket.sendall(state.data_to_send())
            data = self._socket.recv(65536)
            if not data:
                raise EOFError
            for event in state.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[":status"])
                    headers = [(k, v) for k, v in event.headers if k[:1] != ":"]  # type: ignore[misc]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.TrailersReceived):
                    trailers = [*event.headers]  # type: ignore[list-item]
                elif isinstance(event, h2.events.StreamEnded):
                    return Raw(status, headers, body, trailers)
                elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
                    raise ConnectionResetError


def _context(request: Request, certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if newest := request.get("tls_max"):
        context.maximum_version = ssl.TLSVersion[newest]
        context.minimum_version = min(ssl.TLSVersion.TLSv1_2, context.maximum_version)
    if ciphers := request.get("ciphers"):
        context.set_ciphers(ciphers)
    if protocols := request.get("alpn"):
        context.set_alpn_protocols(protocols)
    if client := request.get("client_cert"):
        context.load_cert_chain(*certificates.files(client))
    return context


def _shown(secure: ssl.SSLSocket, request: Request) -> dict[str, Any]:
    """Tell what the handshake came to."""
    served = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    certificate: dict[str, Any] = {"subject": "commonName=<the controller's own certificate>"}
    if f"organizationName={ORGANIZATION}" in _named(served.subject):
        certificate = {"subject": _named(served.subject), "issuer": _named(served.issuer)}
        certificate["sans"] = _hosts(served)
    protocol = secure.selected_alpn_protocol()
    seen = {"version": secure.version(), "alpn": protocol, "cert": certificate}
    cipher = secure.cipher()
    return seen | ({"cipher": cipher[0]} if cipher and request.get("ciphers") else {})


def _named(name: x509.Name) -> str:
    kinds = [(_NAMES.get(each.oid.dotted_string, "other"), each.value) for each in name]
    return ",".join(f"{kind}={value!s}" for kind, value in kinds)


def _hosts(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def request_bytes(
    request: Request, host: str, path: str, tag: str, cookies: Mapping[str, str]
) -> bytes:
    """The bytes of a request over HTTP/1."""
    if "raw" in request:
        return request["raw"].replace("\\r\\n", "\r\n").encode("latin-1")
    headers = _asked(request)
    if size := request.get("big_header"):
        headers.append(("X-Big", "h" * size))
    if size := request.get("big_uri"):
        path += "?" + "u" * size
    names = {name.lower() for name, _ in headers}
    method, version = request.get("method", "GET"), request.get("version", "1.1")
    lines = [f"{method} {path} HTTP/{version}"]
    if host is not None and "host" not in names:
        lines.append(f"Host: {host}")
    lines += [f"X-Case-Tag: {tag}"] if tag else []
    if cookies and "cookie" not in names:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    lines += [f"{name}: {value}" for name, value in headers]
    body = _content(request)
    if "body" in request and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    is_chunked = any(n.lower() == "transfer-encoding" and "chunked" in v for n, v in headers)
    return head + (f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n" if is_chunked else body)


def method_of(request: Request) -> str:
    """The method that a request has."""
    return request["raw"].split(" ")[0] if "raw" in request else request.get("method", "GET")


def _asked(request: Request) -> list[tuple[str, str]]:
    headers = request.get("headers", [])
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name, str(value)) for name, value in pairs]


def _content(request: Request) -> bytes:
    body = str(request.get("body", ""))
    return b"x" * int(body[5:]) if body.startswith("size:") else body.encode()


def digest(request: Request, path: str, challenge: str) -> str:
    """The value of Authorization that answers a Digest challenge (MD5, qop auth)."""
    user, password = request["digest"]
    said = dict(re.findall(r'(\w+)="?([^",]+)', challenge))
    who = _md5(f"{user}:{said['realm']}:{password}")
    what = _md5(f"{request.get('method', 'GET')}:{path}")
    once = "0a4f113b"
    response = _md5(f"{who}:{said['nonce']}:00000001:{once}:auth:{what}")
    return (
        f'Digest username="{user}", realm="{said["realm"]}", nonce="{said["nonce"]}", '
        f'uri="{path}", qop=auth, nc=00000001, cnonce="{once}", response="{response}"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
