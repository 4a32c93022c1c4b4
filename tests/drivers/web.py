"""Asks the pair as the outside world would: any host, any path, no retry, no redirect followed."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509


def _any_certificate() -> ssl.SSLContext:
    """A client's side of TLS that believes every server."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


ANY_CERTIFICATE = _any_certificate()

Body = bytes | Iterable[bytes] | None


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    protocol: str

    @property
    def echo(self) -> dict[str, Any]:
        """What an echo backend says it got."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Web:
    """The pair's two ports. A URL's host goes into Host and SNI; its port, if any, into Host."""

    http_port: int
    https_port: int = 0
    address: str = "127.0.0.1"

    def ask(
        self,
        url: str,
        method: str = "GET",
        *,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        trust: ssl.SSLContext = ANY_CERTIFICATE,
    ) -> Reply:
        """One request on a connection of its own. The path goes out as it stands."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", timeout=30)
        connection.sock = self.connect(url, trust=trust)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(
                method, target, body, {"Host": parts.netloc or self.address} | dict(headers or {})
            )
            answer = connection.getresponse()
            protocol = {10: "HTTP/1.0", 11: "HTTP/1.1"}[answer.version]
            return Reply(answer.status, answer.headers, answer.read(), protocol)
        finally:
            connection.close()

    def status(self, url: str) -> int:
        """Only the status code."""
        return self.ask(url).status

    def connect(
        self, url: str, *, trust: ssl.SSLContext = ANY_CERTIFICATE, protocols: tuple[str, ...] = ()
    ) -> socket.socket:
        """A connection on which the URL could be asked for, with TLS where it says https."""
        parts = urlsplit(url)
        if parts.scheme != "https":
            return socket.create_connection((self.address, self.http_port), timeout=30)
        if protocols:
            # One that is shared would ask for them ever after.
            trust = _any_certificate() if trust is ANY_CERTIFICATE else trust
            trust.set_alpn_protocols(list(protocols))
        plain = socket.create_connection((self.address, self.https_port), timeout=30)
        return trust.wrap_socket(plain, server_hostname=parts.hostname)

    def certificate(self, host: str) -> x509.Certificate:
        """The certificate that is shown to whoever asks for that host."""
        with self.connect(f"https://{host}/") as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")

    def names(self, host: str) -> list[str]:
        """The DNS names in that certificate."""
        extension = self.certificate(host).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        return extension.value.get_values_for_type(x509.DNSName)
