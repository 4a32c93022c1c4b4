"""The generator's flags, as click options that `pillion-generator` and `pillion up` share.

Names are those of ingress-nginx where the meaning is the same. A flag of its that has
no effect here is accepted and collected with the reason, so that a Deployment's
arguments can be carried over as they are. Every flag can also be set in the
environment: `--http-port` as PILLION_HTTP_PORT.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct

from generator.names import is_label, is_subdomain
from generator.objects import Name

Function = TypeVar("Function", bound=Callable[..., Any])


class IgnoredFlag(Struct, frozen=True, order=True):
    """A flag that was given and changes nothing."""

    name: str
    reason: str


# --- values -----------------------------------------------------------------------------------


_TRUTHS = dict.fromkeys(("1", "t", "true", "yes"), True)
_TRUTHS |= dict.fromkeys(("0", "f", "false", "no"), False)


def truth(text: str) -> bool:
    """Read a boolean as Go's flags have it: `--flag`, `--flag=true`, `--flag=false`."""
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise click.BadParameter(f'"{text}" is neither true nor false.') from None


def object_name(text: str) -> Name:
    """Read NAMESPACE/NAME."""
    namespace, _, name = text.partition("/")
    if not (namespace and name) or "/" in name:
        raise click.BadParameter(f'"{text}" is not NAMESPACE/NAME, such as default/web.')
    return Name(namespace, name)


def words(text: str) -> tuple[str, ...]:
    """Read a list with commas."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def namespaces(text: str) -> tuple[str, ...]:
    """Read a list of namespaces with commas."""
    for name in words(text):
        if not is_label(name):
            raise click.BadParameter(f'"{name}" is not the name of a namespace.')
    return words(text)


def prefix(text: str) -> str:
    """Read what annotations begin with, a DNS name."""
    if not is_subdomain(text):
        raise click.BadParameter(
            f'"{text}" is not a DNS name, such as nginx.ingress.kubernetes.io.'
        )
    return text


def port(text: str) -> int:
    """Read a TCP port."""
    return _number(text, 1, 65535, "a port: a number from 1 to 65535")


def worker_processes(text: str) -> int:
    """Read a number of nginx's workers; 0 has nginx count the processors."""
    return _number(text, 0, 1024, "a number of workers up to 1024")


def milliseconds(text: str) -> int:
    """Read a span of time."""
    return _number(text.removesuffix("ms"), 0, 60_000, "a number of milliseconds up to 60000")


def _number(text: str, low: int, high: int, expected: str) -> int:
    if text.isascii() and text.isdecimal() and low <= int(text) <= high:
        return int(text)
    raise click.BadParameter(f'"{text}" is not {expected}.')


# --- the flags that have an effect ------------------------------------------------------------

_Option = Callable[[Function], Function]
_IGNORED = "generator.flags.ignored"
_GIVEN = "generator.flags.given"


class Flag(click.Option):
    """An option that `--help` shows under a heading."""

    def __init__(self, *names: Any, heading: str = "", **rest: Any) -> None:  # noqa: ANN401
        super().__init__(*names, **rest)
        self.heading = heading


class Command(click.Command):
    """A command whose `--help` groups its flags by their headings.

    Remembers what was given, for `given_flags`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        ctx.meta[_GIVEN] = self.make_parser(ctx).parse_args(list(args))[0]
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


def flag(name: str, **rest: Any) -> _Option[Any]:  # noqa: ANN401 - click's own arguments
    """Declare a flag that can be set in the environment too."""
    variable = "PILLION_" + name.removeprefix("--").replace("-", "_").upper()
    more = rest.pop("envvar", [])
    return click.option(name, cls=Flag, envvar=[variable, *more], **rest)


def switch(name: str, **rest: Any) -> _Option[Any]:  # noqa: ANN401 - click's own arguments
    """Declare a flag that is true or false."""
    return flag(name, type=truth, is_flag=False, flag_value="true", metavar="[=false]", **rest)


SOURCE_FLAGS: tuple[_Option[Any], ...] = (
    flag(
        "--manifests",
        heading="What is read",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Read a folder (or file) of YAML instead of a cluster, live. May be given again.",
    ),
    flag(
        "--kubeconfig",
        heading="What is read",
        envvar=["KUBECONFIG"],
        help="Reach the cluster as this file says. Without it: as the pod's service account.",
    ),
    flag(
        "--context",
        heading="What is read",
        default="",
        help="A context of the kubeconfig other than its current one.",
    ),
    flag(
        "--apiserver-host",
        heading="What is read",
        envvar=["KUBERNETES_MASTER"],
        default="",
        help="URL of the apiserver, instead of the kubeconfig's.",
    ),
    flag(
        "--watch-namespace",
        heading="What is read",
        type=namespaces,
        metavar="A,B,…",
        default="",
        help="Only these namespaces, with commas. Default: all.",
    ),
)

CLASS_FLAGS: tuple[_Option[Any], ...] = (
    flag(
        "--ingress-class",
        heading="Which Ingresses",
        default="nginx",
        show_default=True,
        help="Name of the class that is served, also in the old annotation.",
    ),
    flag(
        "--controller-class",
        heading="Which Ingresses",
        default="k8s.io/ingress-nginx",
        show_default=True,
        help="IngressClasses with this spec.controller are ours.",
    ),
    switch(
        "--watch-ingress-without-class",
        heading="Which Ingresses",
        help="Serve Ingresses that name no class too. Default: with --manifests, not on a cluster.",
    ),
    switch(
        "--ingress-class-by-name",
        heading="Which Ingresses",
        default="false",
        help="An IngressClass named as --ingress-class is ours whatever its controller.",
    ),
)

SERVING_FLAGS: tuple[_Option[Any], ...] = (
    flag(
        "--http-port",
        heading="How they are served",
        type=port,
        metavar="PORT",
        default="80",
        show_default=True,
        help="Port for http.",
    ),
    flag(
        "--https-port",
        heading="How they are served",
        type=port,
        metavar="PORT",
        default="443",
        show_default=True,
        help="Port for https.",
    ),
    flag(
        "--status-port",
        heading="How they are served",
        type=port,
        metavar="PORT",
        default="10246",
        show_default=True,
        help="Port on loopback where nginx tells what it serves: /readyz, /healthz, /generation.",
    ),
    flag(
        "--probe-port",
        heading="How they are served",
        type=port,
        metavar="PORT",
        help="Port on all addresses where nginx answers /readyz and /healthz. Default: none.",
    ),
    flag(
        "--healthz-port",
        heading="How they are served",
        type=port,
        metavar="PORT",
        default="10254",
        show_default=True,
        help="Port of the generator's /healthz and /readyz.",
    ),
    flag(
        "--worker-processes",
        heading="How they are served",
        type=worker_processes,
        metavar="N",
        default="0",
        help="How many workers nginx has. Default: one for each processor that it sees.",
    ),
    flag(
        "--configmap",
        heading="How they are served",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="ConfigMap with the global options, live. Default: none.",
    ),
    flag(
        "--default-backend-service",
        heading="How they are served",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Service that answers what no rule does. Default: a plain 404.",
    ),
    flag(
        "--default-ssl-certificate",
        heading="How they are served",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Secret with the certificate for hosts without one of their own.",
    ),
    flag(
        "--annotations-prefix",
        heading="How they are served",
        type=prefix,
        metavar="PREFIX",
        default="nginx.ingress.kubernetes.io",
        show_default=True,
        help="What our annotations begin with.",
    ),
    flag(
        "--template-dir",
        heading="How they are served",
        type=click.Path(path_type=Path),
        help="Folder whose templates replace the built-in ones of the same name, live.",
    ),
    flag(
        "--debounce",
        heading="How they are served",
        type=milliseconds,
        metavar="MS",
        default="500",
        show_default=True,
        help="How long a burst of changes is gathered at most; the first goes at once.",
    ),
    switch(
        "--disable-catch-all",
        heading="How they are served",
        default="false",
        help="Leave rules without a host and default backends of Ingresses out.",
    ),
    switch(
        "--disable-svc-external-name",
        heading="How they are served",
        default="false",
        help="Refuse Services of type ExternalName.",
    ),
)

STATUS_FLAGS: tuple[_Option[Any], ...] = (
    switch(
        "--update-status",
        heading="What is told",
        default="true",
        show_default=True,
        help="Write our addresses into the status of Ingresses.",
    ),
    flag(
        "--publish-service",
        heading="What is told",
        type=object_name,
        metavar="NAMESPACE/NAME",
        help="Service whose addresses those are.",
    ),
    flag(
        "--publish-status-address",
        heading="What is told",
        type=words,
        metavar="A,B,…",
        default="",
        help="Those addresses themselves, with commas.",
    ),
)

LOG_FLAGS: tuple[_Option[Any], ...] = (
    flag(
        "--log-level",
        heading="What is told",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="The least severe lines that are logged.",
    ),
)

# --- the flags of ingress-nginx's that have none ----------------------------------------------

_LATER = "this version of Pillion does not have it yet"
_LUA = "there is no Lua inside nginx here"
_WEBHOOK = "there is no admission webhook yet; `pillion lint` finds the same before it is applied"
_KLOG = "logs are JSON on stderr; --log-level sets how much"
_METRICS = "traffic metrics do not exist yet"

WITHOUT_EFFECT: Mapping[str, str] = {
    "--bucket-factor": _METRICS,
    "--certificate-authority": "the kubeconfig says which authority to trust",
    "--default-server-port": "what no rule answers is answered inside nginx, without a port",
    "--dynamic-configuration-retries": _LUA,
    "--election-id": "there is no leader election yet; run one replica",
    "--election-ttl": "there is no leader election yet; run one replica",
    "--health-check-path": "health is always at /healthz",
    "--health-check-timeout": "health is told from memory and does not wait",
    "--healthz-host": "health is told on all addresses of the pod",
    "--internal-logger-address": "nginx logs to stderr, without syslog",
    "--length-buckets": _METRICS,
    "--max-buckets": _METRICS,
    "--maxmind-edition-ids": _LATER,
    "--maxmind-license-key": _LATER,
    "--maxmind-mirror": _LATER,
    "--maxmind-retries-count": _LATER,
    "--maxmind-retries-timeout": _LATER,
    "--monitor-max-batch-size": _METRICS,
    "--post-shutdown-grace-period": "nginx ends as soon as its last request has been answered",
    "--profiler-address": "there is no Go profiler in a Python program",
    "--profiler-port": "there is no Go profiler in a Python program",
    "--shutdown-grace-period": "the generator serves nobody; `pillion up` and the chart have it",
    "--size-buckets": _METRICS,
    "--ssl-passthrough-proxy-port": _LATER,
    "--status-update-interval": "the status is written as soon as it changes",
    "--stream-port": _LUA,
    "--sync-period": "changes are watched; nothing needs to be read again by the clock",
    "--sync-rate-limit": "--debounce gathers changes",
    "--tcp-services-configmap": _LATER,
    "--time-buckets": _METRICS,
    "--udp-services-configmap": _LATER,
    "--validating-webhook": _WEBHOOK,
    "--validating-webhook-certificate": _WEBHOOK,
    "--validating-webhook-key": _WEBHOOK,
    "--watch-namespace-selector": "name the namespaces with --watch-namespace",
    "--log_backtrace_at": _KLOG,
    "--log_dir": _KLOG,
    "--log_file": _KLOG,
    "--log_file_max_size": _KLOG,
    "--stderrthreshold": _KLOG,
    "--v": _KLOG,
    "--vmodule": _KLOG,
}
"""Flags that take a value, and why they change nothing."""

SWITCHES_WITHOUT_EFFECT: Mapping[str, str] = {
    "--deep-inspect": "values are always checked, each for its own type",
    "--disable-full-test": "nginx -t always sees the whole configuration, once a change",
    "--disable-leader-election": "there is no leader election yet; run one replica",
    "--disable-sync-events": "there are no events for mere success",
    "--enable-annotation-validation": "annotations are always validated",
    "--enable-metrics": _METRICS,
    "--enable-ssl-chain-completion": _LATER,
    "--enable-ssl-passthrough": _LATER,
    "--enable-topology-aware-routing": _LATER,
    "--exclude-socket-metrics": _METRICS,
    "--metrics-per-host": _METRICS,
    "--metrics-per-undefined-host": _METRICS,
    "--profiling": "there is no Go profiler in a Python program",
    "--report-node-internal-ip-address": "give the addresses by --publish-status-address",
    "--report-status-classes": _METRICS,
    "--update-status-on-shutdown": "addresses stay while another replica may serve them",
    "--add_dir_header": _KLOG,
    "--alsologtostderr": _KLOG,
    "--logtostderr": _KLOG,
    "--one_output": _KLOG,
    "--skip_headers": _KLOG,
    "--skip_log_headers": _KLOG,
}
"""Flags that are true or false, and why they change nothing."""


def ignored_flags(ctx: click.Context) -> tuple[IgnoredFlag, ...]:
    """Return the flags of this command line that change nothing, in order of their names."""
    return tuple(sorted(set(ctx.meta.get(_IGNORED, ()))))


def _note(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value is not None:
        name = max(param.opts, key=len)
        reason = WITHOUT_EFFECT.get(name) or SWITCHES_WITHOUT_EFFECT[name]
        ctx.meta.setdefault(_IGNORED, []).append(IgnoredFlag(name, reason))


def _without_effect(name: str, **rest: Any) -> _Option[Any]:  # noqa: ANN401 - click's own
    names = [name, "-v"] if name == "--v" else [name]
    return click.option(*names, hidden=True, expose_value=False, callback=_note, **rest)


_WITHOUT_EFFECT: Mapping[str, _Option[Any]] = {
    **{name: _without_effect(name) for name in WITHOUT_EFFECT},
    **{
        name: _without_effect(name, type=truth, is_flag=False, flag_value="true")
        for name in SWITCHES_WITHOUT_EFFECT
    },
}


def with_flags(*options: _Option[Any]) -> Callable[[Function], Function]:
    """Return a function these options, in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def generator_flags(*, but: Collection[str] = ()) -> Callable[[Function], Function]:
    """Return a function every flag of the generator, but for these that have no effect."""
    groups = (SOURCE_FLAGS, CLASS_FLAGS, SERVING_FLAGS, STATUS_FLAGS, LOG_FLAGS)
    ignored = [option for name, option in _WITHOUT_EFFECT.items() if name not in but]
    return with_flags(*(option for group in groups for option in group), *ignored)


def given_flags(ctx: click.Context, *, but: Collection[str]) -> tuple[str, ...]:
    """Write the flags of this command line down again for another program, but for these."""
    given: dict[str, Any] = ctx.meta[_GIVEN]
    written: list[str] = []
    for param in ctx.command.get_params(ctx):
        name, value = max(param.opts, key=len), given.get(param.name or "")
        if param.name not in given or name in but:
            continue
        values = value if isinstance(value, list) else [value]
        # Not text: a switch that was given without a value.
        written += [f"{name}={each}" if isinstance(each, str) else name for each in values]
    return tuple(written)
