"""The steps from a snapshot to the model."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from generator.build.backends import Complaint, Target, resolve
from generator.build.certificates import Unusable, certificate_of
from generator.build.classes import Classes
from generator.build.contribution import Contribution, HostPart, Manner, contribute
from generator.build.memo import Memo, Reads
from generator.build.merge import NOT_FOUND, Merged, merge
from generator.build.options import Options
from generator.model import Certificate, Handler, Host, Model, Protocol, Upstream
from generator.objects import Backend, Ingress, Kind, Name, ObjectRef, ServicePortRef, ServiceRef
from generator.problems import Code, Problem, Problems, Severity
from generator.snapshot import Snapshot


class Build(Struct, frozen=True, kw_only=True):
    """What a snapshot comes to."""

    model: Model
    problems: Problems
    """In order of objects and fields, each once."""
    ingresses: tuple[Ingress, ...]
    """Those that are ours, oldest first."""
    contributions: Mapping[Name, Contribution]
    """What each of them adds."""


def build(
    snapshot: Snapshot, options: Options, memo: Memo, unavailable: frozenset[Name] = frozenset()
) -> Build:
    """Say what nginx should serve, and what to tell whom.

    Of the Ingresses named in `unavailable` the paths are known, but answer 503.
    Pure but for `memo`, which is what makes the next build cheap: pass the same one again.
    """
    classes = Classes.of(snapshot.ingress_classes, options)
    ingresses = oldest_first(i for i in snapshot.ingresses.values() if classes.claim(i))
    contributions = [
        _contribution(i, snapshot, options, _manner(i, classes, unavailable), memo)
        for i in ingresses
    ]
    default_backend, backend_problems = _default_backend(snapshot, options, memo)
    certificate, certificate_problems = _default_certificate(snapshot, options, memo)
    merged = _merge_hosts(contributions, default_backend.handler, snapshot, memo)
    model = Model(
        servers=tuple(m.server for m in merged),
        upstreams=_upstreams(contributions, default_backend.upstream, memo),
        default_certificate=certificate,
    )
    memo.finish()
    return Build(
        model=model,
        problems=_sorted(
            snapshot.problems,
            backend_problems,
            certificate_problems,
            *(c.problems for c in contributions),
            *(m.problems for m in merged),
            _class_problems(snapshot, classes),
        ),
        ingresses=tuple(ingresses),
        contributions={i.name: c for i, c in zip(ingresses, contributions, strict=True)},
    )


def oldest_first(ingresses: Iterable[Ingress]) -> list[Ingress]:
    """Sort so that who came first wins; those of the same second by name."""
    return sorted(ingresses, key=lambda i: (i.metadata.creation_timestamp, i.name))


def _manner(ingress: Ingress, classes: Classes, unavailable: frozenset[Name]) -> Manner:
    if unavailable and ingress.name in unavailable:
        return Manner.UNAVAILABLE
    return Manner.COMPATIBLE if classes.compatible(ingress) else Manner.PLAIN


def _contribution(
    ingress: Ingress, snapshot: Snapshot, options: Options, manner: Manner, memo: Memo
) -> Contribution:
    return memo.recall(
        (ingress.ref, manner),
        (ingress, options),
        snapshot,
        lambda reads: _contained(ingress, reads, options, manner),
    )


def _contained(ingress: Ingress, reads: Reads, options: Options, manner: Manner) -> Contribution:
    """Work out what an Ingress asks for; one that trips over a bug here costs itself alone."""
    try:
        return contribute(ingress, reads, options, manner)
    except Exception as error:  # noqa: BLE001 - a bulkhead holds whatever comes
        return Contribution(
            problems=(
                Problem(
                    object=ingress.ref,
                    field="",
                    code=Code.NOT_BUILT,
                    severity=Severity.ERROR,
                    message=f"Pillion fails at it: {error}.",
                    hint="Please report this. Meanwhile: this Ingress is left out.",
                ),
            )
        )


def _merge_hosts(
    contributions: Iterable[Contribution], default: Handler, snapshot: Snapshot, memo: Memo
) -> list[Merged]:
    """Make the servers, in order of hosts; the default one is always there, and first."""
    by_host: dict[str, list[HostPart]] = {"": []}
    for contribution in contributions:
        for part in contribution.parts:
            by_host.setdefault(part.host, []).append(part)

    def merged(host: str, parts: Sequence[HostPart]) -> Merged:
        inputs = (default, *parts)
        return memo.recall(Host(host), inputs, snapshot, lambda _: merge(host, parts, default))

    return [merged(host, by_host[host]) for host in sorted(by_host)]


class _Default(Struct, frozen=True):
    handler: Handler
    upstream: Upstream | None = None


def _default_backend(snapshot: Snapshot, options: Options, memo: Memo) -> tuple[_Default, Problems]:
    """Find who answers what no rule names: the Service of the flag, or Pillion itself."""
    if options.default_backend is None:
        return _Default(NOT_FOUND), ()
    name = options.default_backend

    def computed(reads: Reads) -> tuple[_Default, Problems]:
        target = _default_target(name, reads, options)
        handler = Handler(
            owner=None, action=target.action, service=target.service, port=target.port
        )
        return _Default(handler, target.upstream), (target.problem,) if target.problem else ()

    return memo.recall("default backend", (options,), snapshot, computed)


def _default_target(name: Name, reads: Reads, options: Options) -> Target:
    """Use the first port of the Service, as ingress-nginx does."""
    service = reads.service(name)
    first = service.spec.ports[0].port if service and service.spec.ports else 0
    backend = Backend(service=ServiceRef(name=name.name, port=ServicePortRef(number=first)))
    complaint = Complaint(ObjectRef(Kind.SERVICE, name), "--default-backend-service")
    return resolve(backend, Protocol.HTTP, complaint, reads, options)


def _default_certificate(
    snapshot: Snapshot, options: Options, memo: Memo
) -> tuple[Certificate, Problems]:
    """Find what https answers with where no TLS section has a certificate."""
    name = options.default_certificate
    if name is None:
        return options.fallback_certificate, ()

    def computed(reads: Reads) -> tuple[Certificate, Problems]:
        secret = reads.secret(name)
        if secret is None:
            return options.fallback_certificate, (_unusable_default(name, "does not exist"),)
        try:
            return certificate_of(secret), ()
        except Unusable as reason:
            return options.fallback_certificate, (_unusable_default(name, str(reason)),)

    return memo.recall("default certificate", (options,), snapshot, computed)


def _unusable_default(name: Name, reason: str) -> Problem:
    return Problem(
        object=ObjectRef(Kind.SECRET, name),
        field="--default-ssl-certificate",
        code=Code.CERTIFICATE_INVALID,
        severity=Severity.ERROR,
        message=f"Secret {name} {reason}.",
        hint="Create it with type kubernetes.io/tls. Meanwhile: a self-signed one is served.",
    )


def _upstreams(
    contributions: Iterable[Contribution], default: Upstream | None, memo: Memo
) -> tuple[Upstream, ...]:
    found = {u.name: u for c in contributions for u in c.upstreams}
    if default:
        found[default.name] = default
    return tuple(u for _, u in sorted(memo.same_upstreams(found).items()))


def _class_problems(snapshot: Snapshot, classes: Classes) -> Problems:
    return tuple(p for i in snapshot.ingresses.values() if (p := classes.problem(i)))


def _sorted(*problems: Problems) -> Problems:
    return tuple(sorted({p for some in problems for p in some}))
