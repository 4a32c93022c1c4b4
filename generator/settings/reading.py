"""Reads settings: flags over environment over defaults.

`read_settings` is the way in for `pillion-generator`; `pillion up` has the same flags
and passes the values that click parsed to `settings_of`. An error is one line that
says what is expected.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from generator.settings.command_line import SettingsError, run
from generator.settings.flags import Command, flag, generator_flags
from generator.settings.ineffective_flags import ignored_flags
from generator.settings.settings import Settings
from generator.settings.source import Cluster, Manifests, cluster_of, manifests_of


def read_settings(arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line of `pillion-generator`.

    Raises SystemExit after an error, reported as one line on stderr, and after
    `--help` and `--version`.
    """
    settings: Settings = run(_command, arguments)
    return settings


def settings_of(ctx: click.Context, flags: Mapping[str, Any], volume: Path | None) -> Settings:
    """Check the values that click parsed, and return them as settings. Raises SettingsError."""
    values = dict(flags)
    source = _source(ctx, values)
    wants_classless = values.pop("watch_ingress_without_class")
    if wants_classless is None:
        wants_classless = isinstance(source, Manifests)
    template_dir = values["template_dir"]
    if template_dir is not None and not template_dir.is_dir():
        raise SettingsError(f"--template-dir {template_dir} is not a folder.")
    if volume is None:
        raise SettingsError("--volume is missing: the folder that is shared with the reloader.")
    check_ports(values)
    return Settings(
        source=source,
        volume=volume,
        watch_namespaces=values.pop("watch_namespace"),
        watch_ingress_without_class=wants_classless,
        debounce_ms=values.pop("debounce"),
        election_ttl_s=values.pop("election_ttl"),
        ignored=ignored_flags(ctx),
        **values,
    )


def check_ports(values: Mapping[str, Any]) -> None:
    """Raise SettingsError where two flags name the same port."""
    names: dict[int, str] = {}
    for name in ("http_port", "https_port", "status_port", "probe_port", "healthz_port"):
        if values[name] is None:
            continue
        flag = "--" + name.replace("_", "-")
        other = names.setdefault(values[name], flag)
        if other != flag:
            raise SettingsError(
                f"{other} and {flag} are both {values[name]}. Give each its own port."
            )


def _source(ctx: click.Context, values: dict[str, Any]) -> Manifests | Cluster:
    paths: tuple[Path, ...] = values.pop("manifests")
    kubeconfig: str = values.pop("kubeconfig") or ""
    context, server = values.pop("context"), values.pop("apiserver_host")
    if not paths:
        return cluster_of(os.environ, kubeconfig=kubeconfig, context=context, server=server)
    if kubeconfig and ctx.get_parameter_source("kubeconfig") is ParameterSource.COMMANDLINE:
        raise SettingsError("--manifests and --kubeconfig exclude each other. Give one of them.")
    return manifests_of(paths)


@click.command("pillion-generator", cls=Command)
@click.version_option(package_name="pillion")
@flag(
    "--volume",
    type=click.Path(path_type=Path),
    heading="What is read",
    help="Folder that is shared with the reloader.",
)
@generator_flags()
@click.pass_context
def _command(ctx: click.Context, /, volume: Path | None, **flags: Any) -> Settings:  # noqa: ANN401
    """Watch Ingresses and write what nginx should serve to the volume.

    Each flag can also be set in the environment: --http-port as PILLION_HTTP_PORT.
    """
    return settings_of(ctx, flags, volume)
