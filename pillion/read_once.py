"""Reads the manifests or the cluster once, as `lint` and `render` need them."""

import asyncio
from contextlib import suppress

from generator.cluster.errors import ClusterError
from generator.components import parts
from generator.manifests import read_manifests
from generator.settings.command_line import CommandError
from generator.settings.settings import Settings
from generator.settings.source import Manifests
from generator.snapshot import Snapshot
from generator.translation import TranslationSettings
from reloader import logs

_TIMEOUT_S = 30.0


def read_once(settings: Settings, options: TranslationSettings) -> Snapshot:
    """Return the current snapshot. Raises CommandError where the cluster cannot be read."""
    if isinstance(settings.source, Manifests):
        return read_manifests(settings.source.paths)
    logs.configure("pillion", level=settings.log_level)
    try:
        return asyncio.run(_read_cluster(settings, options))
    except ClusterError as error:
        raise CommandError(str(error)) from error
    except TimeoutError:
        raise CommandError(
            f"The cluster did not answer within {_TIMEOUT_S:g} s. "
            "See whether kubectl get ingress answers with the same kubeconfig."
        ) from None


async def _read_cluster(settings: Settings, options: TranslationSettings) -> Snapshot:
    async with parts(settings, options) as (source, _):
        reading = asyncio.create_task(source.run())
        try:
            await asyncio.wait_for(source.ready(), _TIMEOUT_S)
            return source.snapshot()
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
