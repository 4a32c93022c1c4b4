"""What the generator answers over HTTP, for probes."""

import os
from collections.abc import Callable

from aiohttp import web


class Unservable(OSError):
    """The port can't be listened on; says why, and which flag chooses another."""


async def serve(port: int, ready: Callable[[], bool]) -> web.AppRunner:
    """Answer `/healthz` and `/readyz` on every address of this machine.

    `/healthz` is 200 as long as the loop turns; it says nothing of the apiserver, so that
    a probe never kills a pod whose traffic goes on. `/readyz` is 200 once a first
    configuration serves. Raises Unservable.
    """
    app = web.Application()
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", lambda _: _readyz(ready=ready()))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
    except OSError as error:
        await runner.cleanup()
        raise Unservable(
            f"Port {port} can't be listened on: {os.strerror(error.errno or 0)}. "
            "Choose another by --healthz-port."
        ) from error
    return runner


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(*, ready: bool) -> web.Response:
    if ready:
        return web.Response(text="ok\n")
    return web.Response(status=503, text="no configuration has been served yet\n")
