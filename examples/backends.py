# ruff: noqa: INP001 - a script, not a package
"""The two backends of the demo, each a process: `python backends.py echo 8080`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend(BaseHTTPRequestHandler):
    """Answers every method alike."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer; http.server wants this name."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, text = self.answer(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def answer(self, body: bytes) -> tuple[int, str]:
        """Return status and text."""
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Echo(Backend):
    """Tells what it was asked, as the echoserver of Kubernetes' examples does."""

    def answer(self, body: bytes) -> tuple[int, str]:
        """Return the request as text."""
        path, _, query = self.path.partition("?")
        headers = "".join(f"{k.lower()}={v}\n" for k, v in sorted(self.headers.items()))
        return 200, (
            "CLIENT VALUES:\n"
            f"client_address={self.client_address[0]}\n"
            f"command={self.command}\n"
            f"real path={path}\n"
            f"query={query or 'nil'}\n"
            f"request_version={self.request_version.removeprefix('HTTP/')}\n"
            f"\nHEADERS RECEIVED:\n{headers}"
            f"\nBODY:\n{body.decode(errors='replace') or '-no body in request-'}\n"
        )


class Default(Backend):
    """Answers what no rule does."""

    def answer(self, body: bytes) -> tuple[int, str]:  # noqa: ARG002 - as above
        """Return 404, and 200 for its own health."""
        if self.path == "/healthz":
            return 200, "ok\n"
        return 404, "default backend - 404\n"


if __name__ == "__main__":
    handler = {"echo": Echo, "default": Default}[sys.argv[1]]
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handler)
    server.daemon_threads = True
    server.serve_forever()
