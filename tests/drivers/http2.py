"""One HTTP/2 exchange over TLS, by the h2 state machine."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events

from tests.drivers.web import Web


def ask(
    web: Web, url: str, trust: ssl.SSLContext, *, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """GETs the URL in HTTP/2 and nothing less; the status and the body."""
    parts = urlsplit(url)
    with web.connect(url, trust=trust, protocols=("h2",)) as wire:
        assert isinstance(wire, ssl.SSLSocket)
        assert wire.selected_alpn_protocol() == "h2"
        state = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        )
        state.initiate_connection()
        pseudo = {":method": "GET", ":scheme": "https", ":authority": parts.netloc}
        sent = pseudo | {":path": parts.path} | dict(headers or {})
        state.send_headers(1, [*sent.items()], end_stream=True)
        return _read_answer(wire, state)


def _read_answer(wire: ssl.SSLSocket, state: h2.connection.H2Connection) -> tuple[int, bytes]:
    status, body = 0, b""
    while True:
        wire.sendall(state.data_to_send())
        for event in state.receive_data(wire.recv(65536)):
            if isinstance(event, h2.events.ResponseReceived):
                status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
            elif isinstance(event, h2.events.StreamEnded):
                return status, body
            assert not isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated)
