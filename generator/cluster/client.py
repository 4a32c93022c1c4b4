"""Sends requests to the apiserver, and returns the answers undecoded.

kubernetes.aio builds the request and holds the connections; its models are not
used (5,000 Ingresses cost it 4.5 s and 265 MB), nor its reading of tokens. Every
request has time-outs, which the library lacks. A 401 renews the credentials, and
the request is sent once more. Only this module logs whether the apiserver answers,
whenever that changes.
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

from generator.cluster.access import Access, Credentials, Server
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
    """metav1.Status: why an apiserver refuses a request."""

    code: int = 0
    message: str = ""
    reason: str = ""
    details: _Details | None = None


class Client:
    """Requests to one cluster. `async with` closes its connections."""

    def __init__(self, access: Access, timing: Timing = Timing()) -> None:  # noqa: B008 - frozen
        self._access = access
        self._timing = timing
        self._pool: _Pool | None = None
        self._unreachable_since: float | None = None
        self._login_error = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool:
            await self._pool.close()

    async def get(self, path: str, query: Query = (), *, accept: str = JSON) -> bytes:
        """Return a page of a collection, or an object."""
        return await self._whole("GET", path, query, accept=accept)

    async def create(self, path: str, thing: Any) -> bytes:  # noqa: ANN401 - JSON
        """Add an object to a collection."""
        return await self._whole("POST", path, (), body=thing)

    async def patch(self, path: str, query: Query, change: Any) -> bytes:  # noqa: ANN401 - JSON
        """Merge a change into an object."""
        return await self._whole("PATCH", path, query, body=change)

    @asynccontextmanager
    async def stream(self, path: str, query: Query) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield an answer as it arrives, in chunks of any size."""
        pool, response = await self._send("GET", path, query, read_s=self._timing.silence_s)
        try:
            yield _chunks(response)
        finally:
            # Closed, not released: a watch has no end to read to.
            response.close()
            await pool.release()

    async def _whole(self, method: str, path: str, query: Query, **more: Any) -> bytes:  # noqa: ANN401
        pool, response = await self._send(method, path, query, **more)
        try:
            with self._cluster_errors():
                return await response.read()
        finally:
            response.release()
            await pool.release()

    async def _send(  # noqa: PLR0913 - what a request consists of
        self,
        method: str,
        path: str,
        query: Query,
        *,
        body: Any = None,  # noqa: ANN401 - JSON
        accept: str = JSON,
        read_s: float = 0.0,
    ) -> tuple["_Pool", aiohttp.ClientResponse]:
        """Return a 2xx answer before its body, and its pool, which the caller releases.

        Raises a ClusterError for any other answer or none.
        """
        timeout = aiohttp.ClientTimeout(
            total=None, connect=self._timing.connect_s, sock_read=read_s or self._timing.read_s
        )
        request = _Request(method, path, query, body, accept, timeout)
        with self._cluster_errors():
            pool, credentials, response = await self._try(request)
            if response.status == 401:
                response.release()
                await pool.release()
                self._access.reject(credentials)
                pool, _, response = await self._try(request)
            if 200 <= response.status < 300:
                self._note_answer()
                return pool, response
            try:
                raise await _refusal(response)
            finally:
                response.close()
                await pool.release()

    async def _try(
        self, request: "_Request"
    ) -> tuple["_Pool", Credentials, aiohttp.ClientResponse]:
        server, credentials = await self._access.server(), await self._access.credentials()
        if self._pool is None or not self._pool.serves(server, credentials):
            if self._pool:
                await self._pool.close_when_idle()
            self._pool = _Pool(server, credentials)
        pool = self._pool
        pool.acquire()
        try:
            return pool, credentials, await pool.send(request, credentials)
        except BaseException:
            await pool.release()
            raise

    @contextmanager
    def _cluster_errors(self) -> Iterator[None]:
        """Turn aiohttp's exceptions into ClusterErrors; log when the apiserver stops answering."""
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
            if self._login_error != str(error):
                self._login_error = str(error)
                log.error(Event.CLUSTER_LOGIN_FAILED, error=str(error))
            raise

    def _no_answer(self, why: str) -> Unreachable:
        if self._unreachable_since is None:
            self._unreachable_since = time.monotonic()
            log.warning(Event.CLUSTER_UNREACHABLE, error=why)
        return Unreachable(why)

    def _note_answer(self) -> None:
        self._login_error = ""
        if self._unreachable_since is not None:
            unreachable_s = round(time.monotonic() - self._unreachable_since, 1)
            self._unreachable_since = None
            log.info(Event.CLUSTER_REACHABLE, away_s=unreachable_s)


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


class _Pool:
    """Connections made with one server and one client certificate.

    A new certificate needs a new pool; the old one is closed when its last request
    has ended, so that no watch is cut.
    """

    def __init__(self, server: Server, credentials: Credentials) -> None:
        self._key = _pool_key(server, credentials)
        self._api = _api_client(server, credentials)
        self._requests = 0
        self._is_closing = False

    def serves(self, server: Server, credentials: Credentials) -> bool:
        """Whether these connections are the ones for this server and certificate."""
        return self._key == _pool_key(server, credentials)

    async def send(self, request: _Request, credentials: Credentials) -> aiohttp.ClientResponse:
        """Send a request, and return the answer before its body."""
        headers = {"Accept": request.accept, "Accept-Encoding": "gzip", **dict(credentials.headers)}
        if credentials.authorization:
            headers["Authorization"] = credentials.authorization
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

    def acquire(self) -> None:
        """Count a request that begins."""
        self._requests += 1

    async def release(self) -> None:
        """Count a request that has ended; close if it was the last one awaited."""
        self._requests -= 1
        await self._close_if_idle()

    async def close_when_idle(self) -> None:
        """Close once all requests have ended; none may begin."""
        self._is_closing = True
        await self._close_if_idle()

    async def close(self) -> None:
        """Close at once, and cut the requests under way."""
        await self._api.close()  # type: ignore[no-untyped-call]

    async def _close_if_idle(self) -> None:
        if self._is_closing and not self._requests:
            await self._api.close()  # type: ignore[no-untyped-call]


def _pool_key(server: Server, credentials: Credentials) -> tuple[Server, str, str]:
    return server, credentials.certificate, credentials.key


def _api_client(server: Server, credentials: Credentials) -> ApiClient:
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
        # OpenSSL reads a key only from a file; it is deleted before the first request.
        if credentials.certificate:
            configuration.cert_file = _write(folder, "certificate", credentials.certificate)
            configuration.key_file = _write(folder, "key", credentials.key)
        try:
            api = ApiClient(configuration)
        except ssl.SSLError as error:
            raise NoCredentials(f"CA or client certificate cannot be used: {error}") from error
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
    """Return the error for a Status of the apiserver."""
    kind = Expired if code == 410 else Refused
    wait_s = retry_after_s or (status.details.retry_after_seconds if status.details else 0.0)
    return kind(code, status.message, reason=status.reason, retry_after_s=wait_s)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
