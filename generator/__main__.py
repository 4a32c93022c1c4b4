"""`pillion-generator`: settings, the parts, and the signals that end them."""

import asyncio
import datetime as dt
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version

import structlog

from generator import interpreter
from generator.components import parts, surroundings_of, translation_settings_of
from generator.log_events import Event
from generator.loop.controller import Controller, LoopSettings
from generator.loop.template_folder import TemplateFolder
from generator.probes import Unservable, serve
from generator.settings.reading import read_settings
from generator.settings.settings import Settings
from generator.volume.default_certificate import fallback_certificate
from reloader import logs
from reloader.contract import Volume

log = structlog.get_logger()

_SERVE_RETRY_S = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = read_settings(arguments)
    interpreter.keep_turns_short()
    logs.configure("generator", level=settings.log_level)
    for flag in settings.ignored:
        log.warning(Event.FLAG_IGNORED, flag=flag.name, reason=flag.reason)
    try:
        asyncio.run(_until_signalled(settings))
    except Exception as error:  # one line for people; the traceback is for debugging
        for cause in causes(error):
            log.critical(
                Event.GENERATOR_FAILED,
                message=str(cause) or repr(cause),
                error=type(cause).__name__,
            )
        log.debug(Event.GENERATOR_FAILED, exc_info=True)
        sys.exit(1)
    log.info(Event.GENERATOR_STOPPED)


def causes(error: Exception) -> tuple[Exception, ...]:
    """Return what went wrong, without the groups that tasks wrap it in."""
    if isinstance(error, ExceptionGroup):
        return tuple(cause for inner in error.exceptions for cause in causes(inner))
    return (error,)


async def _until_signalled(settings: Settings) -> None:
    running = asyncio.ensure_future(_run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings) -> None:
    volume = Volume(settings.volume.absolute())
    now = dt.datetime.now(dt.UTC)
    options = translation_settings_of(settings, fallback_certificate(volume, now))
    log.info(Event.GENERATOR_STARTED, version=version("pillion"), volume=str(volume.root))
    async with parts(settings, options) as (source, reporter):
        setup = LoopSettings(
            volume=volume,
            translation=options,
            surroundings=surroundings_of(settings),
            longest_gathering_s=settings.debounce_ms / 1000,
        )
        templates = TemplateFolder(settings.template_dir)
        controller = Controller(setup, source, templates, reporter)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_serve(settings.healthz_port, lambda: controller.ready))
            await controller.run()


async def _serve(port: int, ready: Callable[[], bool]) -> None:
    """Answer probes; where the port is taken, say so and go on: traffic matters more."""
    reported = False
    while True:
        try:
            runner = await serve(port, ready)
        except Unservable as error:
            if not reported:
                log.error(Event.PROBES_PORT_IN_USE, message=str(error))
            reported = True
            await asyncio.sleep(_SERVE_RETRY_S)
        else:
            break
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
