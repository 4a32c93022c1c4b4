"""The steps from a snapshot to the model."""

import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.model import Certificate, Handler, Host, Model, Protocol, Upstream
from generator.objects import Backend, Ingress, Kind, Name, ObjectRef, ServicePortRef, ServiceRef
from generator.problems import Code, Problem, Problems
from generator.snapshot import Snapshot
from generator.translation.backends import UNAVAILABLE, ResolvedBackend, Subject, resolve
from generator.translation.certificates import CertificateLookup, find_certificate
from generator.translation.classes import Classes
from generator.translation.contribution import Contribution, HostPart, Manner, contribute
from generator.translation.last_good import LastGood
from generator.translation.memo import Memo, Reads
from generator.translation.merge import NOT_FOUND, MergedHost, merge, unmerged
from generator.translation.settings import TranslationSettings


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

    @property
    def traces(self) -> tuple[str, ...]:
        """Return the traces of bugs of ours, for whoever mends them."""
        return tuple(c.trace for c in self.contributions.values() if c.trace)


def translate(
    snapshot: Snapshot,
    options: TranslationSettings,
    memo: Memo,
    unavailable: frozenset[Name] = frozenset(),
    known: LastGood = LastGood(),  # noqa: B008 - frozen
) -> Translation:
    """Say what nginx should serve, and what to tell whom.

    Of the Ingresses named in `unavailable` the paths are known, but answer 503.
    Pure but for `memo`, which is what makes the next translation cheap: pass the same one again.
    """
    memo.begin(snapshot, known)
    classes = Classes.of(snapshot.ingress_classes, options)
    ours = {n: i for n, i in oldest_first(snapshot.ingresses) if classes.claim(i)}
    contributions = {
        name: _contribution(
            name, ingress, options, _manner(name, ingress, classes, unavailable), memo
        )
        for name, ingress in ours.items()
    }
    default = _default_backend(options, memo)
    certificate, certificate_problems = _default_certificate(options, memo)
    merged = _merge_hosts(contributions.values(), default.handler, memo)
    model = Model(
        servers=tuple(m.server for m in merged),
        upstreams=_upstreams([default, *contributions.values()], memo),
        default_certificate=certificate,
    )
    problems = _problems(
        (
            snapshot.problems,
            default.problems,
            certificate_problems,
            tuple(_class_problems(snapshot, classes)),
            *(c.problems for c in contributions.values()),
            *(m.problems for m in merged),
        ),
        memo,
    )
    memo.finish()
    return Translation(
        model=model,
        problems=problems,
        ingresses=tuple(ours.values()),
        contributions=contributions,
        certificates=_certificates(contributions.values(), certificate, options),
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
    name: Name, ingress: Ingress, options: TranslationSettings, manner: Manner, memo: Memo
) -> Contribution:
    return memo.recall(
        name,
        (ingress, options, manner),
        lambda reads: _contained(ingress, reads, options, manner),
    )


def _contained(
    ingress: Ingress, reads: Reads, options: TranslationSettings, manner: Manner
) -> Contribution:
    """Work out what an Ingress asks for; one that trips over a bug here costs itself alone.

    Such a one is served as it last was good; where there is no such version, or the bug
    is in that too, its paths answer 503; where even that fails, it is left out.
    """
    try:
        return contribute(ingress, reads, options, manner)
    except Exception as error:  # noqa: BLE001 - a bulkhead holds whatever comes
        served, meanwhile = _instead(ingress, reads, options, manner)
        return replace(
            served,
            problems=(problems.internal_error(ingress.ref, error, meanwhile),),
            trace="".join(traceback.format_exception(error)),
        )


def _instead(
    ingress: Ingress, reads: Reads, options: TranslationSettings, manner: Manner
) -> tuple[Contribution, str]:
    good = reads.good_version(ingress.name)
    if good is not None and good is not ingress:
        with suppress(Exception):
            return contribute(good, reads, options, manner), "its last good version is served"
    with suppress(Exception):
        return contribute(ingress, reads, options, Manner.UNAVAILABLE), "its paths answer 503"
    return Contribution(), "it is left out"


def _merge_hosts(
    contributions: Iterable[Contribution], default: Handler, memo: Memo
) -> list[MergedHost]:
    """Make the servers, in order of hosts; the default one is always there, and first."""
    by_host: dict[str, list[HostPart]] = defaultdict(list, {"": []})
    for contribution in contributions:
        for part in contribution.parts:
            by_host[part.host].append(part)

    def merged(host: str, parts: list[HostPart]) -> MergedHost:
        return memo.recall(Host(host), (default, *parts), lambda _: _merged(host, parts, default))

    return [merged(host, by_host[host]) for host in sorted(by_host)]


def _merged(host: str, parts: Sequence[HostPart], default: Handler) -> MergedHost:
    """Make the server of one host; a bug of ours that its parts meet costs that host alone."""
    try:
        return merge(host, parts, default)
    except Exception as error:  # noqa: BLE001 - as above
        return unmerged(host, parts, error)


def _certificates(
    contributions: Iterable[Contribution], default: Certificate, options: TranslationSettings
) -> Mapping[Name, Certificate]:
    found = {name: c for each in contributions for name, c in each.certificates}
    if options.default_certificate and default is not options.fallback_certificate:
        found[options.default_certificate] = default
    return found


class _Default(Struct, frozen=True):
    handler: Handler
    upstreams: tuple[Upstream, ...] = ()
    problems: Problems = ()


def _default_backend(options: TranslationSettings, memo: Memo) -> _Default:
    """Find who answers what no rule names: the Service of the flag, or Pillion itself."""
    if options.default_backend is None:
        return _Default(NOT_FOUND)
    name = options.default_backend

    def computed(reads: Reads) -> _Default:
        target = _default_target(name, reads, options)
        handler = Handler(
            owner=None, action=target.action, service=target.service, port=target.port
        )
        return _Default(
            NOT_FOUND if target.action is UNAVAILABLE else handler,
            (target.upstream,) if target.upstream else (),
            (target.problem,) if target.problem else (),
        )

    return memo.recall("default backend", (options,), computed)


def _default_target(name: Name, reads: Reads, options: TranslationSettings) -> ResolvedBackend:
    """Use the first port of the Service, as ingress-nginx does."""
    service = reads.service(name)
    first = service.spec.ports[0].port if service and service.spec.ports else 0
    backend = Backend(service=ServiceRef(name=name.name, port=ServicePortRef(number=first)))
    subject = Subject(
        ObjectRef(Kind.SERVICE, name), "--default-backend-service", "Pillion itself answers 404"
    )
    return resolve(backend, Protocol.HTTP, subject, reads, options)


def _default_certificate(options: TranslationSettings, memo: Memo) -> tuple[Certificate, Problems]:
    """Find what https answers with where no TLS section has a certificate."""
    name = options.default_certificate
    if name is None:
        return options.fallback_certificate, ()

    def computed(reads: Reads) -> tuple[Certificate, Problems]:
        found = find_certificate(name, reads)
        served = found.certificate or options.fallback_certificate
        return served, (_unusable_default(name, found),) if found.wrong else ()

    return memo.recall("default certificate", (options,), computed)


def _unusable_default(name: Name, found: CertificateLookup) -> Problem:
    served = "the last good one" if found.certificate else "a self-signed one"
    return problems.error(
        ObjectRef(Kind.SECRET, name),
        "--default-ssl-certificate",
        Code.CERTIFICATE_INVALID,
        found.wrong,
        "Create it with type kubernetes.io/tls.",
        meanwhile=f"{served} is served",
    )


def _upstreams(given: Iterable[Contribution | _Default], memo: Memo) -> tuple[Upstream, ...]:
    parts = tuple(each.upstreams for each in given)
    return memo.recall(
        "upstreams", parts, lambda _: memo.same_upstreams(u for part in parts for u in part)
    )


def _class_problems(snapshot: Snapshot, classes: Classes) -> Iterator[Problem]:
    for ingress in snapshot.ingresses.values():
        if problem := classes.problem(ingress):
            yield problem


def _problems(parts: tuple[Problems, ...], memo: Memo) -> Problems:
    """Sort them all, each once; anew only where one of the parts is new."""
    told = tuple(part for part in parts if part)
    return memo.recall(
        "problems", told, lambda _: tuple(dict.fromkeys(sorted(p for part in told for p in part)))
    )
