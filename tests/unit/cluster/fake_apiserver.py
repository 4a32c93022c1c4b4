"""An apiserver for faults that a real one cannot be made to have.

Lists what it was given and streams what it is told to; a list, a watch or the
reading of one object can be answered by something else for once or for good.
"""

import asyncio
import copy
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Self

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(status: int, reason: str = "", headers: dict[str, str] | None = None) -> Handler:
    """An answer with a Status, as the apiserver writes it."""
    body = {"kind": "Status", "code": status, "reason": reason, "message": f"It is {reason}."}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


def gives(text: bytes) -> Handler:
    """An answer of 200 with these bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=text, content_type="application/json")

    return answer


class _Watch(NamedTuple):
    request: web.Request
    response: web.StreamResponse
    ended: asyncio.Event

    def send(self, text: bytes) -> None:
        asyncio.ensure_future(self.response.write(text))  # noqa: RUF006 - awaited by none


class FakeApiserver:
    """On loopback for as long as the `async with` lasts."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict]] = defaultdict(dict)
        """By resource and name."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        """Verb, resource (and name), query."""
        self.once: dict[tuple[str, str], deque[Handler]] = defaultdict(deque)
        """By verb and resource: answers for the next requests."""
        self.always: dict[tuple[str, str], Handler] = {}
        self.version = 100
        self._history: dict[str, list[tuple[int, str, dict]]] = defaultdict(list)
        self._watches: dict[str, list[_Watch]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def listen(self, port: int = 0) -> None:
        """Take connections (again)."""
        self._site = web.TCPSite(self._runner, "127.0.0.1", port)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def go_away(self) -> None:
        """Refuse connections and break those that are there, until `listen`."""
        await self._site.stop()
        for transport in [t.transport for t in self._runner.server.connections]:
            if transport:
                transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, resource: str, *things: dict) -> None:
        """Have objects, and tell watches of them."""
        for thing in things:
            metadata = thing["metadata"]
            key = f"{metadata.get('namespace', '')}/{metadata['name']}"
            verb = "MODIFIED" if key in self.objects[resource] else "ADDED"
            self.objects[resource][key] = self._versioned(thing)
            self._happened(resource, verb, self.objects[resource][key])

    def put_silently(self, resource: str, *things: dict) -> None:
        """Have objects as if no watch had been told."""
        for thing in things:
            metadata = thing["metadata"]
            key = f"{metadata.get('namespace', '')}/{metadata['name']}"
            self.objects[resource][key] = self._versioned(thing)

    def delete(self, resource: str, name: str) -> None:
        thing = self.objects[resource].pop(f"default/{name}")
        self._happened(resource, "DELETED", self._versioned(thing))

    def go_back(self, version: int) -> None:
        """Know nothing but that it is this version, as an etcd that was restored."""
        self.version = version
        self.objects.clear()
        self._history.clear()

    def tell(self, resource: str, verb: str, thing: dict) -> None:
        """Send one event to those who asked for such objects."""
        for watch in self._watches[resource]:
            if verb in ("BOOKMARK", "ERROR") or _selected(thing, watch.request):
                watch.send(_line(verb, thing))

    def send(self, resource: str, text: bytes) -> None:
        """Send any bytes to the watches of a resource."""
        for watch in self._watches[resource]:
            watch.send(text)

    def end_watches(self, resource: str) -> None:
        """End them as if their time were over."""
        for watch in self._watches.pop(resource, []):
            watch.ended.set()

    def watches(self, resource: str) -> int:
        """How many follow a resource now."""
        return len(self._watches[resource])

    def asked(self, verb: str, resource: str) -> list[dict[str, str]]:
        """The queries of all such requests so far."""
        return [query for v, r, query in self.requests if (v, r) == (verb, resource)]

    def _versioned(self, thing: dict) -> dict:
        self.version += 1
        thing = copy.deepcopy(thing)
        thing["metadata"]["resourceVersion"] = str(self.version)
        return thing

    def _happened(self, resource: str, verb: str, thing: dict) -> None:
        self._history[resource].append((self.version, verb, thing))
        self.tell(resource, verb, thing)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        parts = parts[3:] if parts[0] == "apis" else parts[2:]
        if parts[0] == "namespaces":
            parts = parts[2:]
        resource, name = parts[0], "/".join(parts[1:])
        verb = "watch" if "watch" in request.query else "get" if name else "list"
        verb = {"PATCH": "patch"}.get(request.method, verb)
        self.requests.append((verb, "/".join(parts), dict(request.query)))
        key = (verb, resource)
        if self.once[key]:
            return await self.once[key].popleft()(request)
        if key in self.always:
            return await self.always[key](request)
        return await getattr(self, f"_{verb}")(request, resource, name)

    async def _list(self, request: web.Request, resource: str, _: str) -> web.StreamResponse:
        items = [t for t in self.objects[resource].values() if _selected(t, request)]
        limit = int(request.query.get("limit", "0")) or len(items)
        start = int(request.query.get("continue", "0"))
        more = str(start + limit) if start + limit < len(items) else ""
        metadata = {"resourceVersion": str(self.version), "continue": more}
        page = {"kind": "AnyList", "metadata": metadata, "items": items[start : start + limit]}
        return web.json_response(page)

    async def _watch(self, request: web.Request, resource: str, _: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for version, verb, thing in self._history[resource]:
            if version > int(request.query["resourceVersion"]) and _selected(thing, request):
                await response.write(_line(verb, thing))
        watch = _Watch(request, response, asyncio.Event())
        self._watches[resource].append(watch)
        try:
            await watch.ended.wait()
        finally:
            if watch in self._watches[resource]:
                self._watches[resource].remove(watch)
        return response

    async def _get(self, request: web.Request, resource: str, name: str) -> web.StreamResponse:
        thing = self.objects[resource].get(f"default/{name}")
        return web.json_response(thing) if thing else await says(404, "NotFound")(request)

    async def _patch(self, request: web.Request, resource: str, name: str) -> web.StreamResponse:
        thing = self.objects[resource].get(f"default/{name.removesuffix('/status')}")
        if not thing:
            return await says(404, "NotFound")(request)
        change = await request.json()
        if any(thing["metadata"][key] != value for key, value in change["metadata"].items()):
            return await says(409, "Conflict")(request)
        self.put(resource, thing | {"status": change["status"]})
        return web.json_response(self.objects[resource][f"default/{thing['metadata']['name']}"])


def _line(verb: str, thing: dict) -> bytes:
    return json.dumps({"type": verb, "object": thing}).encode() + b"\n"


def _selected(thing: dict, request: web.Request) -> bool:
    field, _, wanted = request.query.get("fieldSelector", "").partition("=")
    if not field:
        return True
    found = thing["metadata"]["name"] if field == "metadata.name" else thing.get(field)
    return found == wanted
