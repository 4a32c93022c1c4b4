"""The steps from a snapshot to the model."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from generator.effects import InServer
from generator.model import Certificate, Handler, Host, Model, Upstream
from generator.objects import Ingress, Kind, Name, ObjectRef
from generator.options.bounds import Bounds
from generator.options.hosts import HostPolicy, host_policy
from generator.problems import Problem, Problems
from generator.snapshot import Snapshot
from generator.translation.bulkhead import contribute_contained, merge_contained
from generator.translation.classes import Classes
from generator.translation.contribution import Contribution, HostPart, Manner
from generator.translation.defaults import DefaultBackend, default_backend, default_certificate
from generator.translation.feature_effects import active_features
from generator.translation.installation import Installation, Options, read_global_options
from generator.translation.last_good import LastGood
from generator.translation.memo import Memo
from generator.translation.merge import MergedHost
from generator.translation.namespaces import within_namespaces
from generator.translation.ownership import Below, with_wildcards
from generator.translation.settings import TranslationSettings
from generator.translation.shedding import without_shed
from generator.translation.validity import DatedCertificate


class Translation(Struct, frozen=True, kw_only=True):
    """What a snapshot comes to."""

    model: Model
    problems: Problems
    """In order of objects and fields, each once."""
    ingresses: tuple[Ingress, ...]
    """Those that are ours, oldest first."""
    contributions: Mapping[Name, Contribution]
    """What each of them adds."""
    certificates: Mapping[Name, Certificate]
    """Those that are served, by the names of their Secrets."""
    dated: tuple[DatedCertificate, ...] = ()
    """The same, with their dates: which of them are out of date depends on the moment."""

    @property
    def traces(self) -> tuple[str, ...]:
        """Return the tracebacks of bugs that Ingresses met."""
        return tuple(c.trace for c in self.contributions.values() if c.trace)


def translate(  # noqa: PLR0913 - what it goes by
    snapshot: Snapshot,
    settings: TranslationSettings,
    memo: Memo,
    unavailable: frozenset[Name] = frozenset(),
    last_good: LastGood = LastGood(),  # noqa: B008 - frozen
    *,
    keep: bool = False,
    shed: frozenset[Name] = frozenset(),
) -> Translation:
    """Say what nginx should serve, and what is wrong with whose objects.

    Of the Ingresses named in `unavailable` the paths are known, but answer 503.
    Pure but for `memo`, which is what makes the next translation cheap: pass the same one.
    For those in `shed` the volume has no room.
    With `keep` it remembers too what this snapshot, a part of another, does not ask for.
    """
    with memo.comparing(snapshot, last_good, keep=keep):
        return memo.recall_whole(
            (settings, unavailable, shed, snapshot.problems),
            lambda: _translate(snapshot, settings, memo, unavailable, shed),
        )


def _translate(
    snapshot: Snapshot,
    settings: TranslationSettings,
    memo: Memo,
    unavailable: frozenset[Name],
    shed: frozenset[Name],
) -> Translation:
    classes = Classes.of(snapshot.ingress_classes, settings)
    ours = {n: i for n, i in oldest_first(snapshot.ingresses) if classes.claim(i)}
    options = memo.recall("options", (settings,), lambda r: read_global_options(settings, r))
    default = default_backend(settings, memo)
    installation = _installation(settings, options, default, memo)
    asked = {
        name: _contribution(
            name, ingress, installation, _manner(name, ingress, classes, unavailable), memo
        )
        for name, ingress in ours.items()
    }
    within = within_namespaces(asked, Bounds.of(options.values), memo)
    contributions = without_shed(within, shed, memo)
    certificate, certificate_problems = default_certificate(settings, memo)
    policy = host_policy(options.values)
    hosts = _hosts(contributions, policy)
    merged = _merge_hosts(hosts.hosts, default.handler, options.servers, policy, memo)
    model = Model(
        servers=tuple(m.server for m in merged),
        upstreams=_upstreams([default, *contributions.values()], memo),
        pieces=tuple(piece for c in contributions.values() for piece in c.pieces),
        settings=options.http,
        default_certificate=certificate,
        more_files=tuple(file for c in contributions.values() for file in c.files),
    )
    problems = _problems(
        (
            snapshot.problems,
            options.problems,
            default.problems,
            certificate_problems,
            tuple(_class_problems(snapshot, classes)),
            *(c.problems for c in contributions.values()),
            hosts.problems,
            *(m.problems for m in merged),
        ),
        memo,
    )
    return Translation(
        model=model,
        problems=problems,
        ingresses=tuple(ours.values()),
        contributions=contributions,
        certificates=_certificates(contributions.values(), certificate, settings),
        dated=(
            *(d for each in contributions.values() for d in each.dated),
            *_dated_default(certificate, settings),
        ),
    )


def _installation(
    settings: TranslationSettings, options: Options, default: DefaultBackend, memo: Memo
) -> Installation:
    """Return the same object while nothing of it changed, so that comparing it costs nothing."""
    inputs = (settings, options.values, default.handler)
    return memo.recall(
        "installation",
        inputs,
        lambda _: Installation(
            settings=settings,
            options=options.values,
            default_backend=default.handler,
            active=active_features(options.values),
        ),
    )


def oldest_first(ingresses: Mapping[Name, Ingress]) -> list[tuple[Name, Ingress]]:
    """Sort so that who came first wins; those of the same second by name."""
    return sorted(
        ingresses.items(), key=lambda item: (item[1].metadata.creation_timestamp, item[0])
    )


def _manner(name: Name, ingress: Ingress, classes: Classes, unavailable: frozenset[Name]) -> Manner:
    if name in unavailable:
        return Manner.UNAVAILABLE
    return Manner.COMPATIBLE if classes.compatible(ingress) else Manner.PLAIN


def _contribution(
    name: Name, ingress: Ingress, installation: Installation, manner: Manner, memo: Memo
) -> Contribution:
    return memo.recall(
        name,
        (ingress, installation, manner),
        lambda reads: contribute_contained(ingress, reads, installation, manner),
    )


def _hosts(contributions: Mapping[Name, Contribution], policy: HostPolicy) -> Below:
    """Return the parts of each host that has a server of its own."""
    by_host: dict[str, list[HostPart]] = defaultdict(list, {"": []})
    for contribution in contributions.values():
        for part in contribution.parts:
            by_host[part.host].append(part)
    ages = {name: age for age, name in enumerate(contributions)}
    return with_wildcards(by_host, ages, policy)


def _merge_hosts(
    hosts: Mapping[str, list[HostPart]],
    default: Handler,
    everywhere: tuple[InServer, ...],
    policy: HostPolicy,
    memo: Memo,
) -> list[MergedHost]:
    """Make the servers, in order of hosts; the default one is always there, and first."""

    def merged(host: str, parts: list[HostPart]) -> MergedHost:
        return memo.recall(
            Host(host),
            (default, everywhere, policy, *parts),
            lambda _: merge_contained(host, parts, default, everywhere, policy),
        )

    return [merged(host, hosts[host]) for host in sorted(hosts)]


def _certificates(
    contributions: Iterable[Contribution], default: Certificate, settings: TranslationSettings
) -> Mapping[Name, Certificate]:
    found = {name: c for each in contributions for name, c in each.certificates}
    if settings.default_certificate and default is not settings.fallback_certificate:
        found[settings.default_certificate] = default
    return found


def _dated_default(
    default: Certificate, settings: TranslationSettings
) -> Iterator[DatedCertificate]:
    name = settings.default_certificate
    if name and default is not settings.fallback_certificate:
        ref = ObjectRef(Kind.SECRET, name)
        yield DatedCertificate.of(ref, "--default-ssl-certificate", name, default)


def _upstreams(given: Iterable[Contribution | DefaultBackend], memo: Memo) -> tuple[Upstream, ...]:
    parts = tuple(each.upstreams for each in given)
    return memo.recall(
        "upstreams", parts, lambda _: memo.same_upstreams(u for part in parts for u in part)
    )


def _class_problems(snapshot: Snapshot, classes: Classes) -> Iterator[Problem]:
    for ingress in snapshot.ingresses.values():
        yield from classes.problems(ingress)


def _problems(parts: tuple[Problems, ...], memo: Memo) -> Problems:
    """Sort them all, each once; anew only where one of the parts is new."""
    present = tuple(part for part in parts if part)
    return memo.recall(
        "problems",
        present,
        lambda _: tuple(dict.fromkeys(sorted(p for part in present for p in part))),
    )
