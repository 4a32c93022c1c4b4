"""Asks the apiserver, and gives its answers raw.

kubernetes.aio builds the request and holds the connections; its models are not
used (5,000 Ingresses cost it 4.5 s and 265 MB), nor its reading of tokens. Every
request has time-outs, which the library has not. A 401 has the proof renewed and
is asked once more. Whether anyone answers is logged when it changes, here alone.
"""

import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec
import structlog
from kubernetes.aio.client import ApiClient, Configuration
from msgspec import Struct

from generator.cluster.access import Access, Proof, Server
from generator.cluster.backoff import Timing
from generator.cluster.errors import Expired, NoCredentials, Refused, Unreachable
from generator.log_events import Event

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

MAX_REFUSAL = 64 * 1024
USER_AGENT = f"pillion/{version('pillion')}"

Query = tuple[tuple[str, str], ...]

log = structlog.get_logger()


class _Details(Struct, rename="camel"):
    retry_after_seconds: float = 0.0


class Status(Struct, rename="camel"):
    """metav1.Status: how an apiserver says that it will not."""

    code: int = 0
    message: str = ""
    reason: str = ""
    details: _Details | None = None


class Client:
    """A connection pool to one cluster. `async with` closes it."""

    def __init__(self, access: Access, timing: Timing = Timing()) -> None:  # noqa: B008 - frozen
        self._access = access
        self._timing = timing
        self._line: _Line | None = None
        self._away_since: float | None = None
        self._complaint = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._line:
            await self._line.close()

    async def get(self, path: str, query: Query = (), *, accept: str = JSON) -> bytes:
        """Read a collection or an object whole."""
        return await self._whole("GET", path, query, accept=accept)

    async def create(self, path: str, thing: Any) -> bytes:  # noqa: ANN401 - JSON
        """Add an object to a collection."""
        return await self._whole("POST", path, (), body=thing)

    async def patch(self, path: str, query: Query, change: Any) -> bytes:  # noqa: ANN401 - JSON
        """Merge a change into an object."""
        return await self._whole("PATCH", path, query, body=change)

    @asynccontextmanager
    async def stream(self, path: str, query: Query) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read an answer as it comes, in chunks of any size."""
        line, response = await self._send("GET", path, query, read_s=self._timing.silence_s)
        try:
            yield _chunks(response)
        finally:
            # Closed, not released: the rest of a watch has no end to read to.
            response.close()
            await line.leave()

    async def _whole(self, method: str, path: str, query: Query, **more: Any) -> bytes:  # noqa: ANN401
        line, response = await self._send(method, path, query, **more)
        try:
            with self._told():
                return await response.read()
        finally:
            response.release()
            await line.leave()

    async def _send(  # noqa: PLR0913 - what a request consists of
        self,
        method: str,
        path: str,
        query: Query,
        *,
        body: Any = None,  # noqa: ANN401 - JSON
        accept: str = JSON,
        read_s: float = 0.0,
    ) -> tuple["_Line", aiohttp.ClientResponse]:
        """Return a good answer before its body, and the line it comes by, which must be left.

        Raises a ClusterError instead of a bad answer or none.
        """
        timeout = aiohttp.ClientTimeout(
            total=None, connect=self._timing.connect_s, sock_read=read_s or self._timing.read_s
        )
        request = _Request(method, path, query, body, accept, timeout)
        with self._told():
            line, proof, response = await self._try(request)
            if response.status == 401:
                response.release()
                await line.leave()
                self._access.reject(proof)
                line, _, response = await self._try(request)
            if 200 <= response.status < 300:
                self._note_answer()
                return line, response
            try:
                raise await _refusal(response)
            finally:
                response.close()
                await line.leave()

    async def _try(self, request: "_Request") -> tuple["_Line", Proof, aiohttp.ClientResponse]:
        server, proof = await self._access.server(), await self._access.proof()
        if self._line is None or self._line.differs(server, proof):
            if self._line:
                await self._line.retire()
            self._line = _Line(server, proof)
        line = self._line
        line.enter()
        try:
            return line, proof, await line.send(request, proof)
        except BaseException:
            await line.leave()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what aiohttp raises into this room's errors; log it when the weather changes."""
        try:
            yield
        except TimeoutError as error:
            raise self._no_answer("It did not answer in time.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._no_answer(str(error) or type(error).__name__) from error
        except Refused:
            self._note_answer()
            raise
        except NoCredentials as error:
            if self._complaint != str(error):
                self._complaint = str(error)
                log.error(Event.CLUSTER_LOGIN_FAILED, error=str(error))
            raise

    def _no_answer(self, why: str) -> Unreachable:
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning(Event.CLUSTER_UNREACHABLE, error=why)
        return Unreachable(why)

    def _note_answer(self) -> None:
        self._complaint = ""
        if self._away_since is not None:
            away_s = round(time.monotonic() - self._away_since, 1)
            self._away_since = None
            log.info(Event.CLUSTER_REACHABLE, away_s=away_s)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except TimeoutError as error:
        raise Unreachable("It fell silent.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"It broke off: {error}") from error


class _Request(NamedTuple):
    method: str
    path: str
    query: Query
    body: Any
    accept: str
    timeout: aiohttp.ClientTimeout


class _Line:
    """Connections made with one server and one client certificate.

    A new certificate makes a new line; the old one is closed when the last request
    on it has ended, so that no watch is cut.
    """

    def __init__(self, server: Server, proof: Proof) -> None:
        self._made_of = _materials(server, proof)
        self._api = _api_client(server, proof)
        self._requests = 0
        self._retired = False

    def differs(self, server: Server, proof: Proof) -> bool:
        """Whether these need other connections."""
        return self._made_of != _materials(server, proof)

    async def send(self, request: _Request, proof: Proof) -> aiohttp.ClientResponse:
        """Ask, and give the answer before its body."""
        headers = {"Accept": request.accept, "Accept-Encoding": "gzip", **dict(proof.headers)}
        if proof.authorization:
            headers["Authorization"] = proof.authorization
        if request.body is not None:
            headers["Content-Type"] = JSON if request.method == "POST" else MERGE_PATCH
        method, url, headers, body, _ = await self._api.param_serialize(
            request.method, request.path, None, request.query, headers, request.body
        )
        answer = await self._api.call_api(
            method, url, headers, body, _request_timeout=request.timeout
        )
        response: aiohttp.ClientResponse = answer.response
        return response

    def enter(self) -> None:
        """One more request is under way."""
        self._requests += 1

    async def leave(self) -> None:
        """One has ended."""
        self._requests -= 1
        await self._close_if_done()

    async def retire(self) -> None:
        """No new request will come."""
        self._retired = True
        await self._close_if_done()

    async def close(self) -> None:
        """Cut whatever is under way."""
        await self._api.close()  # type: ignore[no-untyped-call]

    async def _close_if_done(self) -> None:
        if self._retired and not self._requests:
            await self._api.close()  # type: ignore[no-untyped-call]


def _materials(server: Server, proof: Proof) -> tuple[Server, str, str]:
    return server, proof.certificate, proof.key


def _api_client(server: Server, proof: Proof) -> ApiClient:
    configuration = Configuration(host=server.url)
    configuration.verify_ssl = server.verify
    configuration.ca_cert_data = server.ca or None
    configuration.tls_server_name = server.name or None
    configuration.proxy = server.proxy or None
    # Every watch holds a connection; a limit would have the next request wait for ever.
    configuration.connection_pool_maxsize = 0
    # As kubectl: many clusters' CAs lack what Python 3.13 began to ask of them.
    configuration.disable_strict_ssl_verification = True
    with tempfile.TemporaryDirectory(prefix="pillion-") as folder:
        # OpenSSL reads a key only from a file; this one is gone before the first request.
        if proof.certificate:
            configuration.cert_file = _write(folder, "certificate", proof.certificate)
            configuration.key_file = _write(folder, "key", proof.key)
        try:
            api = ApiClient(configuration)
        except ssl.SSLError as error:
            raise NoCredentials(f"CA or client certificate is not usable: {error}") from error
    api.user_agent = USER_AGENT
    return api


def _write(folder: str, name: str, text: str) -> str:
    path = Path(folder, name)
    path.write_text(text)
    return str(path)


async def _refusal(response: aiohttp.ClientResponse) -> Refused:
    try:
        status = msgspec.json.decode(await response.content.read(MAX_REFUSAL), type=Status)
    except msgspec.DecodeError:
        status = Status(message=response.reason or "")
    return refused(
        response.status, status, retry_after_s=_seconds(response.headers.get("Retry-After", ""))
    )


def refused(code: int, status: Status, *, retry_after_s: float = 0.0) -> Refused:
    """Make an error of what the apiserver says."""
    kind = Expired if code == 410 else Refused
    wait_s = retry_after_s or (status.details.retry_after_seconds if status.details else 0.0)
    return kind(code, status.message, reason=status.reason, retry_after_s=wait_s)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
