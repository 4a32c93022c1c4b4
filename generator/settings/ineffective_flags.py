"""Flags of ingress-nginx without effect: accepted, and reported with the reason.

So the arguments of a Deployment can be kept as they are.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import click
from msgspec import Struct

from generator.settings.flag_values import SWITCH

_IGNORED = "generator.flags.ignored"


class IgnoredFlag(Struct, frozen=True, order=True):
    """A flag of this command line that has no effect, and why."""

    name: str
    reason: str


class IneffectiveFlag(Struct, frozen=True):
    """The form of a flag without effect, and why it has none."""

    takes_value: bool
    """False for one that is true or false."""
    reason: str


def _valued(reason: str) -> IneffectiveFlag:
    return IneffectiveFlag(takes_value=True, reason=reason)


def _switch(reason: str) -> IneffectiveFlag:
    return IneffectiveFlag(takes_value=False, reason=reason)


_LATER = "this version of Pillion does not support it yet"
_LUA = "there is no Lua inside nginx here"
_WEBHOOK = "there is no admission webhook yet; `pillion lint` finds the same before it is applied"
_KLOG = "logs are JSON on stderr; --log-level sets how much"
_METRICS = "traffic metrics do not exist yet"

NO_EFFECT: Mapping[str, IneffectiveFlag] = {
    "--add_dir_header": _switch(_KLOG),
    "--alsologtostderr": _switch(_KLOG),
    "--bucket-factor": _valued(_METRICS),
    "--certificate-authority": _valued("the kubeconfig says which authority to trust"),
    "--deep-inspect": _switch("values are always checked, each for its own type"),
    "--default-server-port": _valued(
        "what no rule answers is answered inside nginx, without a port"
    ),
    "--disable-full-test": _switch("nginx -t always sees the whole configuration, once a change"),
    "--disable-sync-events": _switch("there are no events for success"),
    "--dynamic-configuration-retries": _valued(_LUA),
    "--enable-annotation-validation": _switch("annotations are always validated"),
    "--enable-metrics": _switch(_METRICS),
    "--enable-ssl-chain-completion": _switch(_LATER),
    "--enable-ssl-passthrough": _switch(_LATER),
    "--enable-topology-aware-routing": _switch(_LATER),
    "--exclude-socket-metrics": _switch(_METRICS),
    "--health-check-path": _valued("health is always at /healthz"),
    "--health-check-timeout": _valued("health is answered from memory, without waiting"),
    "--healthz-host": _valued("health is answered on all addresses of the pod"),
    "--internal-logger-address": _valued("nginx logs to stderr, without syslog"),
    "--length-buckets": _valued(_METRICS),
    "--log_backtrace_at": _valued(_KLOG),
    "--log_dir": _valued(_KLOG),
    "--log_file": _valued(_KLOG),
    "--log_file_max_size": _valued(_KLOG),
    "--logtostderr": _switch(_KLOG),
    "--max-buckets": _valued(_METRICS),
    "--maxmind-edition-ids": _valued(_LATER),
    "--maxmind-license-key": _valued(_LATER),
    "--maxmind-mirror": _valued(_LATER),
    "--maxmind-retries-count": _valued(_LATER),
    "--maxmind-retries-timeout": _valued(_LATER),
    "--metrics-per-host": _switch(_METRICS),
    "--metrics-per-undefined-host": _switch(_METRICS),
    "--monitor-max-batch-size": _valued(_METRICS),
    "--one_output": _switch(_KLOG),
    "--post-shutdown-grace-period": _valued(
        "nginx ends as soon as its last request has been answered"
    ),
    "--profiler-address": _valued("there is no Go profiler in a Python program"),
    "--profiler-port": _valued("there is no Go profiler in a Python program"),
    "--profiling": _switch("there is no Go profiler in a Python program"),
    "--report-node-internal-ip-address": _switch(
        "name the addresses with --publish-status-address"
    ),
    "--report-status-classes": _switch(_METRICS),
    "--shutdown-grace-period": _valued(
        "the generator serves no requests; `pillion up` and the chart have this setting"
    ),
    "--size-buckets": _valued(_METRICS),
    "--skip_headers": _switch(_KLOG),
    "--skip_log_headers": _switch(_KLOG),
    "--ssl-passthrough-proxy-port": _valued(_LATER),
    "--status-update-interval": _valued("the status is written as soon as it changes"),
    "--stderrthreshold": _valued(_KLOG),
    "--stream-port": _valued(_LUA),
    "--sync-period": _valued("changes are watched; nothing needs to be read again by the clock"),
    "--sync-rate-limit": _valued("--debounce gathers changes"),
    "--tcp-services-configmap": _valued(_LATER),
    "--time-buckets": _valued(_METRICS),
    "--udp-services-configmap": _valued(_LATER),
    "--update-status-on-shutdown": _switch("addresses stay while another replica may serve them"),
    "--v": _valued(_KLOG),
    "--validating-webhook": _valued(_WEBHOOK),
    "--validating-webhook-certificate": _valued(_WEBHOOK),
    "--validating-webhook-key": _valued(_WEBHOOK),
    "--vmodule": _valued(_KLOG),
    "--watch-namespace-selector": _valued("name the namespaces with --watch-namespace"),
}


def ineffective_options(but: Collection[str] = ()) -> Iterator[Callable[[Any], Any]]:
    """Return click's option of each, except those that have an effect in this command."""
    for name, flag in NO_EFFECT.items():
        if name in but:
            continue
        names = [name, "-v"] if name == "--v" else [name]
        rest = {} if flag.takes_value else SWITCH
        yield click.option(*names, hidden=True, expose_value=False, callback=_note, **rest)


def ignored_flags(ctx: click.Context) -> tuple[IgnoredFlag, ...]:
    """Return the flags of this command line without effect, in order of their names."""
    return tuple(sorted(set(ctx.meta.get(_IGNORED, ()))))


def _note(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value is not None:
        name = max(param.opts, key=len)
        ctx.meta.setdefault(_IGNORED, []).append(IgnoredFlag(name, NO_EFFECT[name].reason))
