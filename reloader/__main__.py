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
from reloader.apply import Reloader, ReloaderSettings
from reloader.bootstrap import bootstrap
from reloader.check import Nginx, ask_build
from reloader.contract import Volume
from reloader.errors import ReloaderError
from reloader.live import Live
from reloader.log_events import Event
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
    try:
        start = bootstrap(
            settings.volume,
            status_port=options.status_port,
            probe_port=options.probe_port,
            http_port=options.http_port,
            https_port=options.https_port,
            modules=ask_build(settings.nginx).modules,
        )
        reloader = Reloader(settings, Live(settings.volume, start), wake)
        version = reloader.start()
    except ReloaderError as error:
        log.error(error.event, message=str(error))
        sys.exit(1)
    with contextlib.suppress(OSError):  # each look logs what prevents it
        settings.volume.root.mkdir(parents=True, exist_ok=True)
    log.info(Event.STARTED, volume=str(settings.volume.root), nginx_version=version)
    run(reloader, Hints(settings.volume, wake), wake)
    log.info(Event.STOPPED)


def run(reloader: Reloader, hints: Hints, wake: Wake) -> None:
    """Look at each hint, and at intervals without one, until a signal ends it."""
    was_woken = True
    while not wake.stopping:
        hints.ensure()
        if not reloader.look():
            was_woken = wake.wait(reloader.wait_s)
        elif not was_woken:
            hints.renew()
            log.debug(Event.HINTS_RENEWED)
    hints.close()


def _settings(options: argparse.Namespace) -> ReloaderSettings:
    # nginx is started with absolute paths, and is recognised by them.
    volume = Volume(options.volume.absolute())
    return ReloaderSettings(
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
    parser.add_argument(
        "--volume",
        type=Path,
        metavar="DIR",
        default=volume,
        required=volume is None,
        help="the volume shared with the generator and nginx (or $PILLION_VOLUME)",
    )
    parser.add_argument("--nginx-bin", metavar="PATH", default="nginx", help="the nginx program")
    parser.add_argument(
        "--nginx-directives",
        metavar="TEXT",
        default="",
        help="what `nginx -t` gets by -g, such as 'user root;'",
    )
    for name, default_port, text in _PORTS:
        parser.add_argument(name, type=_port, metavar="N", default=default_port, help=text)
    for name, default_s, text in _TIMES:
        parser.add_argument(name, type=_seconds, metavar="SECONDS", default=default_s, help=text)
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="info")
    return parser


_PORTS = (
    ("--status-port", 10246, "where nginx answers /generation, on 127.0.0.1"),
    (
        "--probe-port",
        None,
        "where others may ask nginx for /healthz and /readyz (none without it)",
    ),
    ("--http-port", None, "answered with 503 until the first configuration"),
    ("--https-port", None, "held, without a certificate, until the first configuration"),
)
_TIMES = (
    ("--poll-interval", 2.0, "how often to look without a hint"),
    ("--check-timeout", 60.0, "how long `nginx -t` may take"),
    (
        "--verify-timeout",
        10.0,
        "how long a reload may take; at least 5 times as long as `nginx -t`",
    ),
)


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
