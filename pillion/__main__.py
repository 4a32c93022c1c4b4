"""The command line for people. Every error is one line; users see no traceback."""

import os
import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from generator.settings.command_line import run
from generator.settings.flags import Command, flag, generator_flags, given_flags
from generator.settings.reading import settings_of
from reloader.contract import OLDEST_NGINX_TEXT

VOLUME = Path("/run/pillion")
"""The folder of the paths in a configuration where no volume is named."""

# Each command imports what it alone needs when it runs: 0.4 s less for the others.


class Group(click.Group):
    """A group that lists its commands in the order of their declaration."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(self.commands)


@click.group(
    "pillion",
    cls=Group,
    invoke_without_command=True,
    context_settings={"max_content_width": 100},
)
@click.version_option(package_name="pillion", message="pillion %(version)s")
@click.pass_context
def pillion(ctx: click.Context) -> None:
    """Serve Kubernetes Ingresses with a stock nginx.

    \b
    Serve a folder of manifests, live, on this machine:
      pillion up --manifests k8s/ --volume /tmp/pillion \\
          --http-port 8080 --https-port 8443
    The same for a cluster:
      pillion up --kubeconfig ~/.kube/config --volume /tmp/pillion \\
          --http-port 8080 --https-port 8443
    Find mistakes before a cluster does:
      pillion lint --manifests k8s/
    See the nginx.conf:
      pillion render --manifests k8s/

    Flags have ingress-nginx's names. Logs are JSON on stderr.
    """  # noqa: D301 - \b is click's mark for text that keeps its lines
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


_NGINX_BIN = flag(
    "--nginx-bin",
    type=click.Path(path_type=Path),
    heading="How it runs",
    help="The nginx to run or to test with. Default: the one on PATH if it is "
    f"{OLDEST_NGINX_TEXT} or newer, else the one of pip install 'pillion[nginx]'.",
)


@pillion.command("up", cls=Command)
@flag(
    "--volume",
    type=click.Path(path_type=Path),
    heading="How it runs",
    help="Folder that generator and reloader share; made if missing. Keep it for the next start.",
)
@_NGINX_BIN
@flag(
    "--shutdown-grace-period",
    type=click.IntRange(0, 3600),
    default="10",
    show_default=True,
    metavar="SECONDS",
    heading="How it runs",
    help="How long requests may go on after SIGINT or SIGTERM. A second signal hurries.",
)
@generator_flags(but=("--shutdown-grace-period",))
@click.pass_context
def _up(
    ctx: click.Context,
    /,
    volume: Path | None,
    nginx_bin: Path | None,
    shutdown_grace_period: int,
    **flags: Any,  # noqa: ANN401 - the generator's
) -> None:
    """Run the generator, the reloader and nginx until Ctrl-C.

    \b
    A folder of manifests:
      pillion up --manifests k8s/ --volume /tmp/pillion \\
          --http-port 8080 --https-port 8443
    The cluster of a kubeconfig:
      pillion up --kubeconfig ~/.kube/config --volume /tmp/pillion \\
          --http-port 8080 --https-port 8443

    A program that ends is started again, and the last configuration is served
    until a newer one has passed its tests. http://127.0.0.1:10246/readyz (the
    --status-port) answers 200 once the first configuration is live.
    """  # noqa: D301 - see above
    from pillion.up import up  # noqa: PLC0415 - see above

    settings = settings_of(ctx, flags, volume)
    arguments = given_flags(ctx, but=("--volume", "--nginx-bin", "--shutdown-grace-period"))
    up(settings, arguments, nginx_bin=nginx_bin, grace_s=shutdown_grace_period)


@pillion.command("render", cls=Command)
@click.option(
    "--diff",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show what would change in this nginx.conf instead; exit 1 if anything.",
)
@flag(
    "--volume",
    type=click.Path(path_type=Path),
    default=str(VOLUME),
    show_default=True,
    heading="How they are served",
    help="Folder that paths in it begin with.",
)
@_NGINX_BIN
@generator_flags()
@click.pass_context
def _render(
    ctx: click.Context,
    /,
    diff: Path | None,
    volume: Path,
    nginx_bin: Path | None,
    **flags: Any,  # noqa: ANN401 - the generator's
) -> None:
    """Print the nginx.conf of the current objects.

    \b
    Of a folder:
      pillion render --manifests k8s/
    What a pending edit would change:
      pillion render --manifests k8s/ --volume /tmp/pillion \\
          --diff /tmp/pillion/live/nginx.conf

    Problems go to stderr. Nothing is written, and no nginx is started.
    """  # noqa: D301 - see above
    from pillion.lint import as_text, located  # noqa: PLC0415 - see above
    from pillion.render import differences, render_once  # noqa: PLC0415 - see above

    settings = settings_of(ctx, flags, volume)
    if diff is not None:
        changes = "".join(differences(settings, diff, nginx_bin=nginx_bin))
        click.echo(changes, nl=False)
        ctx.exit(1 if changes else 0)
    rendered = render_once(settings, nginx_bin=nginx_bin)
    for finding in located(rendered.problems, rendered.snapshot):
        click.echo(as_text(finding), err=True)
    click.echo(rendered.text, nl=False)


@pillion.command("lint", cls=Command)
@click.option(
    "--output",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    help="How findings are written.",
)
@_NGINX_BIN
@generator_flags()
@click.pass_context
def _lint(
    ctx: click.Context,
    /,
    output: str,
    nginx_bin: Path | None,
    **flags: Any,  # noqa: ANN401 - as above
) -> None:
    """Find problems of Ingresses before they reach a cluster.

    \b
      pillion lint --manifests k8s/

    nginx tests the configuration too (nginx -t), if it is installed. Each finding
    has its file, line, object, field and a way out. Exit 1 if one is an error.
    """  # noqa: D301 - see above
    from pillion.lint import lint_once, summary, written  # noqa: PLC0415 - see above

    findings = lint_once(settings_of(ctx, flags, VOLUME), nginx_bin=nginx_bin)
    for text in written(findings, output):
        click.echo(text)
    click.echo(summary(findings), err=True)
    ctx.exit(1 if any(finding.is_error for finding in findings) else 0)


@pillion.command("version")
def _version() -> None:
    """Show the version."""
    click.echo(f"pillion {version('pillion')}")


def main() -> None:
    """Run the command line."""
    try:
        run(pillion)
    except BrokenPipeError:
        # The reader of the output has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        sys.exit(_bug(error))


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="pillion-bug-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exception(error, file=file)
    click.echo(
        f"pillion: This is a bug of Pillion's: {error!r}. Please report it with {file.name}.",
        err=True,
    )
    return 1


if __name__ == "__main__":
    main()
