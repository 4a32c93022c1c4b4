"""The reloader's command line, signals and loop."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from reloader import logs
from reloader.apply import Reloader, Settings
from reloader.bootstrap import bootstrap
from reloader.check import Nginx
from reloader.contract import Volume
from reloader.live import Live
from reloader.log_events import Event, Trouble
from reloader.wakeup import Wake
from reloader.watch import Hints

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until a signal ends it."""
    options = _parser().parse_args(arguments)
    logs.configure("reloader", level=options.log_level)
    os.umask(0o022)  # another user's generator reads status.json
    wake = Wake()
    signal.signal(signal.SIGTERM, wake.stop)
    signal.signal(signal.SIGINT, wake.stop)
    settings = _settings(options)
    start = bootstrap(
        settings.volume,
        status_port=options.status_port,
        probe_port=options.probe_port,
        http_port=options.http_port,
        https_port=options.https_port,
    )
    reloader = Reloader(settings, Live(settings.volume, start), wake)
    try:
        version = reloader.begin()
    except Trouble as trouble:
        log.error(trouble.event, message=str(trouble))
        sys.exit(1)
    with contextlib.suppress(OSError):  # what stands in the way is told by each look
        settings.volume.root.mkdir(parents=True, exist_ok=True)
    log.info(Event.STARTED, volume=str(settings.volume.root), nginx_version=version)
    run(reloader, Hints(settings.volume, wake), wake)
    log.info(Event.STOPPED)


def run(reloader: Reloader, hints: Hints, wake: Wake) -> None:
    """Look whenever there is a hint, and every now and then without one."""
    rang = True
    while not wake.stopping:
        hints.ensure()
        if not reloader.look():
            rang = wake.wait(reloader.patience_s)
        elif not rang:
            hints.renew()
            log.debug(Event.HINTS_RENEWED)
    hints.close()


def _settings(options: argparse.Namespace) -> Settings:
    # nginx is told absolute paths, and so is recognised by them.
    volume = Volume(options.volume.absolute())
    return Settings(
        volume=volume,
        nginx=Nginx(
            binary=options.nginx_bin,
            directives=options.nginx_directives,
            prefix=volume.root,
            timeout_s=options.check_timeout,
        ),
        status_port=options.status_port,
        verify_timeout_s=options.verify_timeout,
        poll_interval_s=options.poll_interval,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pillion-reloader",
        allow_abbrev=False,
        description="Takes each configuration that the generator writes to the volume, has "
        "`nginx -t` judge it, has the running nginx reload, and verifies that it serves.",
    )
    volume = os.environ.get("PILLION_VOLUME")
    add = parser.add_argument
    add(
        "--volume",
        type=Path,
        metavar="DIR",
        default=volume,
        required=volume is None,
        help="the volume shared with the generator and nginx (or $PILLION_VOLUME)",
    )
    add("--nginx-bin", metavar="PATH", default="nginx", help="the nginx program")
    add(
        "--nginx-directives",
        metavar="TEXT",
        default="",
        help="what `nginx -t` gets by -g, such as 'user root;'",
    )
    add(
        "--status-port",
        type=_port,
        metavar="N",
        default=10246,
        help="where nginx answers /generation, on 127.0.0.1",
    )
    add(
        "--probe-port",
        type=_port,
        metavar="N",
        help="where others may ask nginx for /healthz and /readyz (none without it)",
    )
    add(
        "--http-port",
        type=_port,
        metavar="N",
        help="answered with 503 until the first configuration",
    )
    add(
        "--https-port",
        type=_port,
        metavar="N",
        help="held, without a certificate, until the first configuration",
    )
    add(
        "--poll-interval",
        type=_seconds,
        metavar="SECONDS",
        default=2.0,
        help="how often to look without a hint",
    )
    add(
        "--check-timeout",
        type=_seconds,
        metavar="SECONDS",
        default=60.0,
        help="how long `nginx -t` may take",
    )
    add(
        "--verify-timeout",
        type=_seconds,
        metavar="SECONDS",
        default=10.0,
        help="how long a reload may take",
    )
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, a number from 1 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


if __name__ == "__main__":
    main()
