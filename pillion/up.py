"""`pillion up`: the generator, the reloader and nginx as children of one foreground process."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from generator.cluster.errors import ClusterError
from generator.components import access_of
from generator.settings.command_line import CommandError
from generator.settings.settings import Settings
from generator.settings.source import Manifests
from pillion.log_events import Event
from pillion.log_relay import Sink
from pillion.nginx_binary import choose_nginx
from pillion.preflight import check_port, owned_volume
from pillion.supervisor import Program, Supervisor
from reloader import logs
from reloader.contract import Volume

log = structlog.get_logger()

_ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - where nginx listens
_POLL_S = 0.01


class Pair(Struct, frozen=True, kw_only=True):
    """What `pillion up` runs."""

    settings: Settings
    generator_arguments: tuple[str, ...]
    nginx: Path
    grace_s: float


def up(
    settings: Settings,
    generator_arguments: Sequence[str],
    *,
    nginx_bin: Path | None,
    grace_s: float,
) -> None:
    """Run the pair until a signal ends it. Raises CommandError before anything has started."""
    _check_cluster(settings)
    nginx = choose_nginx(nginx_bin).path
    with owned_volume(settings.volume) as volume:
        check_port("--http-port", settings.http_port, _ALL_ADDRESSES)
        check_port("--https-port", settings.https_port, _ALL_ADDRESSES)
        check_port("--status-port", settings.status_port, ("127.0.0.1",))
        if settings.probe_port is not None:
            check_port("--probe-port", settings.probe_port, _ALL_ADDRESSES)
        pair = Pair(
            settings=settings,
            generator_arguments=tuple(generator_arguments),
            nginx=nginx,
            grace_s=grace_s,
        )
        sink = Sink(sys.stderr.buffer)
        logs.configure("pillion", level=settings.log_level, stream=sink)  # type: ignore[arg-type]
        try:
            asyncio.run(_run(pair, volume, sink))
        finally:
            sink.close()


def _check_cluster(settings: Settings) -> None:
    """Raise CommandError where a kubeconfig is unusable; an unreachable cluster may come back."""
    if isinstance(settings.source, Manifests):
        return
    try:
        access_of(settings.source)
    except ClusterError as error:
        raise CommandError(str(error)) from error


async def _run(pair: Pair, volume: Volume, sink: Sink) -> None:
    log.info(Event.PAIR_STARTING, volume=str(volume.root), nginx=str(pair.nginx))
    supervisor = Supervisor(programs(pair, volume), sink)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()


def programs(pair: Pair, volume: Volume) -> tuple[Program, ...]:
    """Return how the three are run. nginx starts last and ends last."""
    settings, root = pair.settings, str(volume.root)
    directives = _nginx_directives()

    async def live() -> None:
        while not volume.live.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(_POLL_S)

    # -P: modules of the working directory are not imported.
    python = (sys.executable, "-P", "-m")
    reloader = [*python, "reloader", "--volume", root, "--nginx-bin", str(pair.nginx)]
    # No --http-port: a worker of the first, empty configuration could still answer 503 for
    # 100 ms after /readyz has become 200. So nothing listens before the first real one.
    reloader += ["--status-port", str(settings.status_port), "--log-level", settings.log_level]
    # `=`: argparse takes a value that begins with a dash for a flag.
    reloader += [f"--nginx-directives={directives}"] if directives else []
    nginx = [str(pair.nginx), "-c", str(volume.live), "-p", root, "-e", "stderr"]
    nginx += ["-g", f"daemon off; {directives}".strip()]
    return (
        Program(name="reloader", command=reloader),
        Program(
            name="generator",
            command=[*python, "generator", f"--volume={root}", *pair.generator_arguments],
        ),
        Program(
            name="nginx",
            command=nginx,
            gentle=signal.SIGQUIT,
            grace_s=pair.grace_s,
            firm=signal.SIGTERM,
            parent_death=signal.SIGTERM,
            after=live,
        ),
    )


def _nginx_directives() -> str:
    """As root, workers stay root: the compiled-in user may be missing, or not read the volume."""
    return "user root;" if os.geteuid() == 0 else ""
