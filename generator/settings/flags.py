"""The generator's flags, as click options that `pillion-generator` and `pillion up` share.

Names are those of ingress-nginx where the meaning is the same; defaults are those of
`Settings`. Every flag can also be set in the environment: `--http-port` as
PILLION_HTTP_PORT.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import fields

from generator.settings.flag_values import (
    SWITCH,
    lease_name,
    milliseconds,
    namespaces,
    networks,
    object_name,
    port,
    prefix,
    seconds,
    words,
    worker_processes,
)
from generator.settings.ineffective_flags import ineffective_options
from generator.settings.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

_Option = Callable[[Function], Function]
_COMMAND_LINE = "generator.settings.flags.command_line"


class Flag(click.Option):
    """An option that `--help` shows under a heading."""

    def __init__(self, *names: Any, heading: str = "", **rest: Any) -> None:  # noqa: ANN401
        super().__init__(*names, **rest)
        self.heading = heading


class Command(click.Command):
    """A command whose `--help` groups its flags by their headings.

    Keeps the flags of the command line for `given_flags`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        ctx.meta[_COMMAND_LINE] = self.make_parser(ctx).parse_args(list(args))[0]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags, those without a heading last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                groups.setdefault(getattr(param, "heading", ""), []).append(record)
        others = groups.pop("", [])
        for heading, records in [*groups.items(), ("Other", others)]:
            with formatter.section(heading):
                formatter.write_dl(records, col_max=36)


class FlagDeclaration(Struct, frozen=True):
    """The declaration of a flag; a decorator that adds its option to a function."""

    name: str
    attributes: Mapping[str, Any]

    def __call__(self, function: Function) -> Function:
        """Add the option to a function."""
        return click.option(self.name, cls=Flag, **self.attributes)(function)

    def under(self, heading: str) -> "FlagDeclaration":
        """Return the same flag under a heading of `--help`."""
        return FlagDeclaration(self.name, {**self.attributes, "heading": heading})


def flag(name: str, **rest: Any) -> FlagDeclaration:  # noqa: ANN401 - click's own arguments
    """Declare a flag that can also be set in the environment."""
    variable = "PILLION_" + name.removeprefix("--").replace("-", "_").upper()
    more = rest.pop("envvar", [])
    return FlagDeclaration(name, {"envvar": [variable, *more], **rest})


def switch(name: str, **rest: Any) -> FlagDeclaration:  # noqa: ANN401 - click's own arguments
    """Declare a flag that is true or false."""
    return flag(name, metavar="[=false]", **SWITCH, **rest)


def section(heading: str, *flags: FlagDeclaration) -> tuple[FlagDeclaration, ...]:
    """Put flags under one heading of `--help`."""
    return tuple(each.under(heading) for each in flags)


def _default(field: str) -> str:
    """Return the default of a field of Settings as it would be written on a command line."""
    value = _DEFAULTS[field]
    return str(value).lower() if isinstance(value, bool) else str(value)


_DEFAULTS = {field.name: field.default for field in fields(Settings)}

SOURCE_FLAGS = section(
    "What is read",
    flag(
        "--manifests",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Read a folder (or file) of YAML instead of a cluster, live. May be repeated.",
    ),
    flag(
        "--kubeconfig",
        envvar=["KUBECONFIG"],
        help="Reach the cluster as this file says. Without it: as the pod's service account.",
    ),
    flag(
        "--context",
        default="",
        help="A context of the kubeconfig other than its current one.",
    ),
    flag(
        "--apiserver-host",
        envvar=["KUBERNETES_MASTER"],
        default="",
        help="URL of the apiserver, instead of the kubeconfig's.",
    ),
    flag(
        "--watch-namespace",
        type=namespaces,
        metavar="A,B,…",
        default="",
        help="Only these namespaces, with commas. Default: all.",
    ),
)

CLASS_FLAGS = section(
    "Which Ingresses",
    flag(
        "--ingress-class",
        default=_default("ingress_class"),
        show_default=True,
        help="Name of the class that is served, also in the old annotation.",
    ),
    flag(
        "--controller-class",
        default=_default("controller_class"),
        show_default=True,
        help="IngressClasses with this spec.controller are served.",
    ),
    switch(
        "--watch-ingress-without-class",
        help="Serve Ingresses that name no class too. Default: with --manifests, not on a cluster.",
    ),
    switch(
        "--ingress-class-by-name",
        default=_default("ingress_class_by_name"),
        help="Serve the IngressClass named by --ingress-class even if its controller is another.",
    ),
)

SERVING_FLAGS = section(
    "How they are served",
    flag(
        "--http-port",
        type=port,
        metavar="PORT",
        default=_default("http_port"),
        show_default=True,
        help="Port for http.",
    ),
    flag(
        "--https-port",
        type=port,
        metavar="PORT",
        default=_default("https_port"),
        show_default=True,
        help="Port for https.",
    ),
    flag(
        "--status-port",
        type=port,
        metavar="PORT",
        default=_default("status_port"),
        show_default=True,
        help="Port on loopback where nginx reports what it serves: /readyz, /healthz, /generation.",
    ),
    flag(
        "--probe-port",
        type=port,
        metavar="PORT",
        help="Port on all addresses where nginx answers /readyz and /healthz. Default: none.",
    ),
    flag(
        "--healthz-port",
        type=port,
        metavar="PORT",
        default=_default("healthz_port"),
        show_default=True,
        help="Port of the generator's /healthz and /readyz.",
    ),
    flag(
        "--worker-processes",
        type=worker_processes,
        metavar="N",
        default=_default("worker_processes"),
        help="Number of nginx's workers. Default: one for each processor that it sees.",
    ),
    flag(
        "--configmap",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="ConfigMap with the global options, live. Default: none.",
    ),
    flag(
        "--default-backend-service",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Service that answers what no rule does. Default: a plain 404.",
    ),
    flag(
        "--default-ssl-certificate",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Secret with the certificate for hosts without one of their own.",
    ),
    flag(
        "--annotations-prefix",
        type=prefix,
        metavar="PREFIX",
        default=_default("annotations_prefix"),
        show_default=True,
        help="Prefix of the annotations that are read.",
    ),
    flag(
        "--template-dir",
        type=click.Path(path_type=Path),
        help="Folder whose templates replace the built-in ones of the same name, live.",
    ),
    flag(
        "--debounce",
        type=milliseconds,
        metavar="MS",
        default=_default("debounce_ms"),
        show_default=True,
        help="How long a burst of changes is gathered at most; the first goes at once.",
    ),
    switch(
        "--disable-catch-all",
        default=_default("disable_catch_all"),
        help="Leave rules without a host and default backends of Ingresses out.",
    ),
    switch(
        "--disable-svc-external-name",
        default=_default("disable_svc_external_name"),
        help="Refuse Services of type ExternalName.",
    ),
    flag(
        "--denied-backend-networks",
        type=networks,
        metavar="CIDR,...",
        default="",
        help="Networks in which no endpoint, externalName or auth-url may be. Names that DNS "
        "leads there are not found out.",
    ),
)

STATUS_FLAGS = section(
    "What is reported",
    switch(
        "--update-status",
        default=_default("update_status"),
        show_default=True,
        help="Write the addresses of nginx into the status of Ingresses.",
    ),
    flag(
        "--publish-service",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Service that has these addresses.",
    ),
    flag(
        "--publish-status-address",
        type=words,
        metavar="A,B,…",
        default="",
        help="These addresses themselves, with commas.",
    ),
    switch(
        "--disable-leader-election",
        default=_default("disable_leader_election"),
        help="Write status and Events without asking whether another replica does.",
    ),
    flag(
        "--election-id",
        type=lease_name,
        metavar="NAME",
        default=_default("election_id"),
        show_default=True,
        help="Lease by which replicas elect the one that writes, in the pod's namespace.",
    ),
    flag(
        "--election-ttl",
        type=seconds,
        metavar="DURATION",
        default=f"{_default('election_ttl_s')}s",
        show_default=True,
        help="How long another replica waits for a leader that is silent.",
    ),
)

LOG_FLAGS = section(
    "What is reported",
    flag(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default=_default("log_level"),
        show_default=True,
        help="The least severe lines that are logged.",
    ),
)


def with_flags(*options: _Option[Any]) -> Callable[[Function], Function]:
    """Return a decorator that adds these options, in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def generator_flags(*, but: Collection[str] = ()) -> Callable[[Function], Function]:
    """Return a decorator that adds every flag of the generator, except these without effect."""
    groups = (SOURCE_FLAGS, CLASS_FLAGS, SERVING_FLAGS, STATUS_FLAGS, LOG_FLAGS)
    return with_flags(*(each for group in groups for each in group), *ineffective_options(but))


def given_flags(ctx: click.Context, *, but: Collection[str]) -> tuple[str, ...]:
    """Return the flags of this command line, except these, as arguments of another program."""
    values_by_name: dict[str, Any] = ctx.meta[_COMMAND_LINE]
    written: list[str] = []
    for param in ctx.command.get_params(ctx):
        name, value = max(param.opts, key=len), values_by_name.get(param.name or "")
        if param.name not in values_by_name or name in but:
            continue
        values = value if isinstance(value, list) else [value]
        # Not text: a switch without a value.
        written += [f"{name}={each}" if isinstance(each, str) else name for each in values]
    return tuple(written)
