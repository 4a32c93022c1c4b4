"""Asks the requests of a case and gives what came back, comparable."""

import ssl
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.compat.backends import PLAIN, Log
from tests.compat.canonical import Canon, flat
from tests.compat.certificates import Certificates
from tests.compat.client import Connection, Raw, digest, method_of, request_bytes
from tests.compat.corpus import Case, Fields, Request
from tests.lab.waiting import eventually

_BACKENDS = {"a", "b", "c", "d", *PLAIN.values()}
_OBSERVED_WITHIN_S = 1


@dataclass
class Asker:
    """Asks for one case; has its cookies and its connection that is kept."""

    case: Case
    http_port: int
    https_port: int
    certificates: Certificates
    log: Log
    change: Callable[[dict[str, Any]], None]
    """Makes a step of the case, and returns when it is served."""
    cookies: dict[str, str] = field(default_factory=dict)
    kept: Connection | None = None

    def answers(self) -> list[Fields]:
        """One answer for each request, flat."""
        try:
            return [flat(self._answer(n, each)) for n, each in enumerate(self.case.requests)]
        finally:
            self._drop()

    def _answer(self, number: int, request: Request) -> Fields:
        if "change" in request:
            self.change(request["change"])
            return {}
        if self.case.proxy_protocol:
            request = {"proxy_protocol": self.case.proxy_protocol} | request
        if request.get("new_jar"):
            self.cookies.clear()
        if at_once := request.get("parallel"):
            with ThreadPoolExecutor(at_once) as pool:
                found = pool.map(lambda _: self._once(number, request), range(at_once))
                return {"statuses": sorted(map(_status, found))}
        answers = [self._once(number, request) for _ in range(request.get("repeat", 1))]
        if len(answers) > 1:
            return _together(request, answers)
        (answer,) = answers
        if wanted := request.get("only"):
            answer = {k: v for k, v in answer.items() if k in (*wanted, "error")}
            answer.get("headers", {}).pop("x-backend", None)
        return answer

    def _once(self, number: int, request: Request) -> Fields:
        observed, counted = request.get("observe"), request.get("count")
        unique = f"{self.case.name}-{number}-{time.monotonic_ns()}"
        tag = unique if observed or counted else ""
        canon = Canon(self.http_port, self.https_port, request.get("keep_port", False))
        try:
            answer = self._exchange(request, tag, canon)
        except ssl.SSLError as error:
            answer = {"error": f"ssl:{error.reason}"}
        except (OSError, EOFError) as error:
            answer = {"error": type(error).__name__}
        if observed:
            answer["observed"] = canon.observed(self._seen(observed, tag))
        if counted:
            answer["seen"] = sum(len(self.log.of(each, tag)) for each in counted)
        return answer

    def _seen(self, backend: str, tag: str) -> list[dict[str, Any]]:
        """What a backend got; it may come after the answer."""
        try:
            return eventually(lambda: self.log.of(backend, tag), within_s=_OBSERVED_WITHIN_S)
        except AssertionError:
            return []

    def _exchange(self, request: Request, tag: str, canon: Canon) -> Fields:
        host, path = request.get("host", f"{self.case.name}.test"), request.get("path", "/")
        if "digest" in request:
            request = self._challenged(request, host, path)
        connection = self._connection(request, host)
        if request.get("tls_only"):
            return {"tls": connection.tls}
        began = time.monotonic()
        if request.get("h2"):
            raw = connection.http2(request, host, path, tag)
        else:
            jar = self.cookies if request.get("jar") else {}
            connection.send(request_bytes(request, host, path, tag, jar))
            raw = connection.answer(method_of(request))
        took = time.monotonic() - began
        self._remember(raw)
        answer = canon.answer(raw.status, raw.headers, raw.body, raw.trailers)
        if request.get("tls") and connection.tls:
            answer["tls"] = connection.tls
        if least := request.get("slower_than"):
            answer["slow"] = took >= least
        if not request.get("keep"):
            connection.close()
        return answer

    def _connection(self, request: Request, host: str) -> Connection:
        if request.get("keep") and self.kept:
            return self.kept
        self._drop()
        made = self._connect(request, host)
        self.kept = made if request.get("keep") else None
        return made

    def _connect(self, request: Request, host: str) -> Connection:
        tls = request.get("scheme") == "https"
        port = request.get("port", self.https_port if tls else self.http_port)
        return Connection(port, request, host or "", self.certificates, tls=tls)

    def _drop(self) -> None:
        if self.kept:
            self.kept.close()
            self.kept = None

    def _challenged(self, request: Request, host: str, path: str) -> Request:
        """The same with the answer to the challenge that it gets first."""
        with self._connect(request, host) as connection:
            connection.send(request_bytes(request, host, path, "", {}))
            said = dict(connection.answer(method_of(request)).headers).get("www-authenticate", "")
        if not said.startswith("Digest"):
            return request
        headers = {**request.get("headers", {}), "Authorization": digest(request, path, said)}
        return request | {"headers": headers}

    def _remember(self, raw: Raw) -> None:
        for name, value in raw.headers:
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";")[0].partition("=")
                self.cookies[cookie.strip()] = content.strip()


def _together(request: Request, answers: list[Fields]) -> Fields:
    """What many answers to the same request come to."""
    if request.get("as_set"):
        return {"histogram": Counter(f"{_status(a)}-{_backend(a, 'nobody')}" for a in answers)}
    if request.get("distinct"):
        return {"backends": sorted({_backend(answer) for answer in answers})}
    if request.get("count_distinct"):
        return {"distinct": len({_backend(answer) for answer in answers})}
    return {"statuses": [_status(answer) for answer in answers], "first": answers[0]}


def _status(answer: Fields) -> str:
    return str(answer.get("status", answer.get("error")))


def _backend(answer: Fields, nobody: str = "None") -> str:
    return str(answer.get("echo", {}).get("backend", nobody))
