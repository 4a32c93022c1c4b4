"""What nginx itself says of a configuration, where there is an nginx to ask.

Whatever it refuses is traced to its Ingress by the same code that runs in a cluster, so
what `pillion lint` finds is what would be told there.
"""

import tempfile
from pathlib import Path

from msgspec.structs import replace

from generator import problems
from generator.components import surroundings_of
from generator.loop.attempt import Attempt, AttemptMaker
from generator.loop.dry_run import GENERATION, rehearse
from generator.loop.state import State
from generator.loop.template_folder import TemplateFolder
from generator.loop.transitions import after_change, after_templates
from generator.nginx.errors import RenderError, TemplateError
from generator.objects import file_ref
from generator.problems import Code, Problem, Problems
from generator.settings.command_line import CommandError
from generator.settings.settings import Settings
from generator.snapshot import Snapshot
from generator.translation import TranslationSettings
from pillion.nginx_binary import ChosenNginx, choose_nginx
from reloader import check
from reloader.contract import Status, Volume, Wish
from reloader.errors import ReloaderError
from reloader.log_events import Event
from reloader.verdict import Blocked
from reloader.wakeup import Wake

_PORTS = {"http_port": 65533, "https_port": 65534, "status_port": 65535}
"""nginx -t binds them for a moment: any user may use these."""
_TIMEOUT_S = 60.0


def opinion(
    settings: Settings, snapshot: Snapshot, options: TranslationSettings, *, nginx_bin: Path | None
) -> Problems:
    """Ask `nginx -t`, once where it has nothing against it. Without an nginx, look at templates.

    Raises CommandError where the nginx that was given cannot be asked.
    """
    template_folder = TemplateFolder(settings.template_dir)
    try:
        templates, unused = template_folder.read()
    except TemplateError as error:
        return (_refused_templates(settings, str(error)),)
    try:
        binary = choose_nginx(nginx_bin)
        with tempfile.TemporaryDirectory(prefix="pillion-lint-") as temporary:
            folder = Path(temporary)
            surroundings = replace(
                surroundings_of(replace(settings, volume=folder)),
                capabilities=binary.capabilities,
                **_PORTS,
            )
            first = State.first(surroundings, template_folder.built_in, options.config_map)
            state, _ = after_templates(first, templates, unused)
            state, _ = after_change(state, snapshot)
            return (*unused, *_ask(settings, state, options, binary, Volume(folder)))
    except (ReloaderError, RenderError) as error:
        if nginx_bin is not None:
            raise CommandError(f"--nginx-bin {nginx_bin} could not be asked: {error}.") from error
    except CommandError:
        if nginx_bin is not None:
            raise
    return unused


def _ask(
    settings: Settings,
    state: State,
    options: TranslationSettings,
    binary: ChosenNginx,
    volume: Volume,
) -> Problems:
    for needed in (volume.live.parent, volume.files, volume.temp):
        needed.mkdir(parents=True)
    nginx = check.Nginx(
        binary=str(binary.path), directives="", prefix=volume.root, timeout_s=_TIMEOUT_S
    )

    def judge(attempt: Attempt) -> Status | None:
        return _judged(nginx, volume, attempt)

    learned, attempt = rehearse(state, options, judge, AttemptMaker())
    refused = learned.admin.refused_templates
    return (
        *learned.quarantine.problems(),
        *learned.options_problems(),
        *(p for p in attempt.translation.problems if p.code is Code.CERTIFICATE_INVALID),
        *((_refused_templates(settings, refused),) if refused else ()),
    )


def _judged(nginx: check.Nginx, volume: Volume, attempt: Attempt) -> Status | None:
    wish = Wish.of(GENERATION, attempt.rendering.body(GENERATION))
    for file in attempt.files():
        (volume.files / file.digest).write_bytes(file.content)
    volume.live.write_bytes(wish.encode())
    refusal = check.check(nginx, volume.live, Wake())
    if refusal is None:
        return None
    if isinstance(refusal, Blocked):
        raise ReloaderError(Event.NGINX_CHECK_BLOCKED, refusal.message)
    return Status(
        generation=GENERATION,
        hash=wish.hash,
        applied=False,
        serving=0,
        stage="check",
        message=refusal.message,
        line=refusal.line,
    )


def _refused_templates(settings: Settings, message: str) -> Problem:
    return problems.error(
        file_ref(settings.template_dir),
        "",
        Code.TEMPLATE_REFUSED,
        message if message.endswith((".", "?")) else f"{message}.",
        "Correct it.",
        meanwhile="the built-in ones are used",
    )
