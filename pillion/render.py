"""`pillion render`: the nginx.conf that the generator would wish for."""

import datetime as dt
import difflib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from generator import translation
from generator.components import surroundings_of, translation_settings_of
from generator.loop.template_folder import TemplateFolder
from generator.nginx.capabilities import UNKNOWN
from generator.nginx.errors import RenderError
from generator.nginx.render import Memo, render
from generator.nginx.surroundings import Surroundings
from generator.problems import Problems
from generator.settings.command_line import CommandError
from generator.settings.settings import Settings
from generator.snapshot import Snapshot
from generator.volume.default_certificate import fallback_certificate
from pillion.nginx_binary import choose_nginx
from pillion.read_once import read_once
from reloader.contract import ContractError, Volume, Wish


class Rendered(Struct, frozen=True):
    """A configuration, and the problems of its input."""

    text: str
    problems: Problems
    snapshot: Snapshot


def render_once(settings: Settings, *, nginx_bin: Path | None, generation: int = 0) -> Rendered:
    """Render what is there now. Raises CommandError."""
    volume = Volume(settings.volume.absolute())
    options = translation_settings_of(
        settings, fallback_certificate(volume, dt.datetime.now(dt.UTC))
    )
    snapshot = read_once(settings, options)
    built = translation.translate(snapshot, options, translation.Memo())
    try:
        templates, problems = TemplateFolder(settings.template_dir).read()
        rendering = render(built.model, _surroundings(settings, nginx_bin), templates, Memo())
    except RenderError as error:
        raise CommandError(str(error)) from error
    return Rendered(rendering.text(generation), (*built.problems, *problems), snapshot)


def differences(settings: Settings, file: Path, *, nginx_bin: Path | None) -> Iterator[str]:
    """Return a unified diff from the file to what would be rendered now."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandError(f"--diff {file} cannot be read: {error.strerror}.") from error
    try:
        wish = Wish.parse(content)
        generation, before = wish.generation, wish.body.decode()
    except ContractError:
        generation, before = 0, content.decode(errors="replace")
    now = render_once(settings, nginx_bin=nginx_bin, generation=generation).text
    return difflib.unified_diff(
        before.splitlines(keepends=True),
        now.splitlines(keepends=True),
        fromfile=str(file),
        tofile="now",
    )


def _surroundings(settings: Settings, nginx_bin: Path | None) -> Surroundings:
    """Say what the nginx can do that `pillion up` would take; the least if there is none."""
    surroundings = surroundings_of(settings)
    try:
        nginx = choose_nginx(nginx_bin)
    except CommandError:
        if nginx_bin is not None:
            raise
        return replace(surroundings, capabilities=UNKNOWN)
    return replace(surroundings, capabilities=nginx.capabilities)
