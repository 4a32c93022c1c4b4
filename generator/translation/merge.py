"""From the parts that Ingresses add to a host to its one server. The older Ingress wins."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.directives import Regex, Statement, Word
from generator.effects import InServer
from generator.model import Answer, Handler, Host, Location, Match, Server
from generator.objects import ObjectRef, PathType
from generator.options.hosts import HostPolicy
from generator.problems import Code, Problem, Problems
from generator.translation.backends import UNAVAILABLE
from generator.translation.claims import Claimed, claim, in_order
from generator.translation.contribution import HostPart
from generator.translation.ownership import HostShares, shares
from generator.translation.paths import PathRule
from generator.translation.prefixes import Prefixes
from generator.translation.routes import Route
from generator.translation.slow_expressions import sharing_time, within_bounds

NOT_FOUND = Handler(owner=None, action=Answer(status=404, body="default backend - 404"))
HEALTHY = Handler(owner=None, action=Answer(status=200, body="ok"))
_MOST_NAMED = 3


class MergedHost(Struct, frozen=True):
    """A server, and what was wrong with the parts that it was made of."""

    server: Server
    problems: Problems


def merge(
    host: str,
    parts: Sequence[HostPart],
    default_backend: Handler,
    everywhere: Sequence[InServer] = (),
    policy: HostPolicy = HostPolicy(),  # noqa: B008 - frozen
) -> MergedHost:
    """Make the server of one host. `parts` come oldest Ingress first.

    What holds for the whole host is its owner's to say. `everywhere` is what global
    options add to every server.
    """
    whole = _shut_as_a_whole(shares(host, parts, policy))
    shared, beyond = within_bounds(host, whole, policy.expressions)
    owners = shared.owners
    tls = next((part for part in owners if part.tls), None)
    claimed = claim(host, shared, tls=tls is not None)
    fallback = _fallback(owners, default_backend, tls=tls is not None)
    found = [*beyond, *claimed.problems, *_overridden(host, owners, tls), *_told(host, shared)]
    return MergedHost(
        Server(
            host=Host(host),
            tls=tls is not None,
            certificate=tls.certificate if tls else None,
            statements=tuple(_statements(owners, everywhere, tls=tls is not None)),
            locations=sharing_time(
                (
                    *in_order([*_complete(claimed, host, fallback), *_internal(parts)]),
                    *claimed.guests,
                )
            ),
        ),
        tuple(found),
    )


def _shut_as_a_whole(shared: HostShares) -> HostShares:
    """Answer 503 to all of a host where its owner has too many guarded paths beyond a limit.

    Only where they are one namespace's: others who own it too would suffer for it.
    """
    shut = next((part for part in shared.owners if part.shut), None)
    if shut is None or len({part.owner.name.namespace for part in shared.owners}) > 1:
        return shared
    route = Route(Handler(owner=shut.owner, action=UNAVAILABLE))
    everything = PathRule(
        path="/", type=PathType.PREFIX, regex=False, field="spec.rules", route=route
    )
    bare = (replace(part, rules=(), fallback=None, regex=False) for part in shared.owners)
    first, *others = bare
    return replace(shared, owners=(replace(first, rules=(everything,)), *others))


def _internal(parts: Iterable[HostPart]) -> list[Location]:
    """Return the locations that only others lead to, each name once."""
    found: dict[str, Location] = {}
    for part in parts:
        for each in part.internal:
            handler = Handler(owner=part.owner, action=each.action, statements=each.statements)
            match = Match.NAMED if each.name.startswith("@") else Match.EXACT
            location = Location(
                match=match, path=Word(each.name), rule="", handler=handler, internal=True
            )
            found.setdefault(each.name, location)
    return list(found.values())


def _statements(
    parts: Iterable[HostPart], everywhere: Iterable[InServer], *, tls: bool
) -> Iterator[Statement]:
    """Return the directives of the server itself: of each setting the oldest Ingress's."""
    said: dict[str, InServer] = {}
    for effect in (*(e for part in parts for e in part.servers), *everywhere):
        if effect.when.holds(tls=tls):
            said.setdefault(effect.setting, effect)
    for effect in said.values():
        yield from effect.statements


def unmerged(host: str, parts: Iterable[HostPart], error: Exception) -> MergedHost:
    """Answer 503 for a host that a bug keeps from being served."""
    unavailable = _plain(Match.PREFIX, Word("/"), "/", Handler(owner=None, action=UNAVAILABLE))
    owners = dict.fromkeys(part.owner for part in parts)
    return MergedHost(
        Server(host=Host(host), locations=(unavailable,)),
        tuple(problems.internal_error(o, error, f"host {host or '*'} answers 503") for o in owners),
    )


def _fallback(parts: Iterable[HostPart], default_backend: Handler, *, tls: bool) -> Handler:
    """Find who answers paths that no rule names."""
    for part in parts:
        if part.fallback:
            return part.fallback.settled(tls=tls)
    return default_backend


def _complete(claimed: Claimed, host: str, fallback: Handler) -> list[Location]:
    """Add the locations that every server has, so that none of nginx's own answers shows."""
    everything = (*claimed.owned, *claimed.guests)
    locations = list(claimed.owned)
    taken = {(each.match, each.path) for each in everything}
    root = Word("/")
    if not taken & {(Match.PREFIX, root), (Match.FIRM, root)}:
        locations.append(_plain(Match.PREFIX, root, "/", fallback))
        # Expressions come before prefixes: what users ask for wins.
        regex = any(each.match is Match.REGEX for each in everything)
        health = (Match.PREFIX if regex else Match.EXACT, Word("/healthz"))
        if not host and fallback is NOT_FOUND and health not in taken:
            locations.append(_plain(*health, "/healthz", HEALTHY))
    return locations + _without_slash([*locations, *claimed.guests])


def _without_slash(locations: Sequence[Location]) -> list[Location]:
    """Answer `/foo` beside Exact `/foo/` as if that were not there.

    nginx itself would redirect to `/foo/`. Expressions are not looked through: a host
    that has any keeps the redirect.
    """
    by_text = {
        (each.match, each.path.text): each for each in locations if isinstance(each.path, Word)
    }
    if len(by_text) < len(locations):
        return []
    exact = {text for match, text in by_text if match is Match.EXACT}
    prefixes = Prefixes([text for match, text in by_text if match is Match.PREFIX])
    return [
        replace(by_text[Match.PREFIX, prefix], match=Match.EXACT, path=Word(path))
        for path in sorted(text.removesuffix("/") for text in exact if text.endswith("/"))
        if path and path not in exact and (prefix := prefixes.longest(path))
    ]


def _plain(match: Match, path: Word | Regex, rule: str, handler: Handler) -> Location:
    return Location(match=match, path=path, rule=rule, handler=handler)


def _overridden(host: str, parts: Sequence[HostPart], tls: HostPart | None) -> Iterator[Problem]:
    """Tell those whose default backend or certificate does not count beside an older one's."""
    default = next((part for part in parts if part.fallback), None)
    for part in parts:
        if default and part.fallback and _differ(part.fallback, default.fallback):
            yield _older(part, "spec.defaultBackend", host, "default backend", default.owner)
        if tls and part.certificate and part.certificate != tls.certificate:
            yield _older(part, "spec.tls", host, "certificate", tls.owner)
    said: dict[str, tuple[HostPart, InServer]] = {}
    for part in parts:
        for effect in part.servers:
            first, counts = said.setdefault(effect.setting, (part, effect))
            if effect.statements != counts.statements:
                yield _older(part, effect.setting, host, effect.setting, first.owner)


def _differ(one: Route, other: Route | None) -> bool:
    return other is not None and one.handler.action != other.handler.action


def _older(part: HostPart, field: str, host: str, what: str, owner: ObjectRef) -> Problem:
    return problems.warning(
        part.owner,
        field,
        Code.OVERRIDDEN,
        f"Host {host or '*'} has the {what} of Ingress {owner}, which is older.",
        "Keep one of the two.",
        meanwhile=f"this Ingress's {what} is not used there",
    )


def _told(host: str, shared: HostShares) -> Iterator[Problem]:
    """Tell guests what of theirs does not count, and the owner that there are guests."""
    for part in (part for parts in shared.guests for part in parts):
        for field, what in _host_wide(part):
            yield problems.error(
                part.owner,
                field,
                Code.HOST_OWNED,
                f"Its {what} would hold for all of it: {shared.described(host)}.",
                "Choose another host, or ask the admin about host-grants and host-sharing.",
                meanwhile=f"this Ingress's {what} does not count there",
            )
    if shared.guests and shared.owners:
        names = sorted({str(part.owner) for parts in shared.guests for part in parts})
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield problems.info(
            shared.owners[0].owner,
            "spec.rules",
            Code.HOST_SHARED,
            f"Other namespaces name host {host or '*'} too: "
            f"{', '.join(names[:_MOST_NAMED])}{more}.",
            "If they may, ask the admin about host-grants; else have them choose another host.",
            meanwhile="their paths take no request of yours",
        )


def _host_wide(part: HostPart) -> Iterator[tuple[str, str]]:
    """Return what a part says of the whole host: the field, and what it is called."""
    if part.tls:
        yield "spec.tls", "TLS section"
    if part.fallback:
        yield "spec.defaultBackend", "default backend"
    for effect in part.servers:
        yield effect.setting, effect.setting
