"""From the parts that Ingresses add to a host to its one server. The older Ingress wins."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from generator import problems
from generator.model import Answer, Handler, Host, Location, Match, Regex, Server, Word
from generator.objects import ObjectRef, PathType
from generator.problems import Code, Problem, Problems, shown
from generator.translation.contribution import HostPart, Redirect
from generator.translation.paths import Matcher, PathRule, matchers

NOT_FOUND = Handler(owner=None, action=Answer(status=404, body="default backend - 404"))
UNAVAILABLE = Handler(owner=None, action=Answer(status=503))
HEALTHY = Handler(owner=None, action=Answer(status=200, body="ok"))


class MergedHost(Struct, frozen=True):
    """A server, and what was wrong with the parts that it was made of."""

    server: Server
    problems: Problems


def merge(host: str, parts: Sequence[HostPart], default_backend: Handler) -> MergedHost:
    """Make the server of one host. `parts` come oldest Ingress first."""
    regex = any(part.regex for part in parts)
    tls = next((part for part in parts if part.tls), None)
    taken: dict[Matcher, Location] = {}
    found: list[Problem] = []
    rules = [(part, rule) for part in parts for rule in part.rules]
    for part, rule in rules if regex else _exact_first(rules):
        claims = matchers(rule, regex=regex)
        if claims[-1] in taken:
            found.append(_taken(host, part, rule, taken[claims[-1]]))
            continue
        handler = _with_redirect(rule.handler, part.redirect, tls=tls is not None)
        for match, path in claims:
            location = Location(match=match, path=path, rule=rule.path, handler=handler)
            taken.setdefault((match, path), location)
    if regex:
        found += _turned_into_regexes(parts)
    found += _overridden(host, parts, tls)
    fallback = _fallback(parts, default_backend, tls=tls is not None)
    return MergedHost(
        Server(
            host=Host(host),
            tls=tls is not None,
            certificate=tls.certificate if tls else None,
            locations=tuple(_in_order(_complete(taken, host, fallback))),
        ),
        tuple(found),
    )


def unmerged(host: str, parts: Iterable[HostPart], error: Exception) -> MergedHost:
    """Answer 503 for a host that a bug of ours keeps from being served."""
    unavailable = _plain(Match.PREFIX, Word("/"), "/", UNAVAILABLE)
    owners = dict.fromkeys(part.owner for part in parts)
    return MergedHost(
        Server(host=Host(host), locations=(unavailable,)),
        tuple(problems.internal_error(o, error, f"host {host or '*'} answers 503") for o in owners),
    )


def _exact_first(rules: Iterable[tuple[HostPart, PathRule]]) -> list[tuple[HostPart, PathRule]]:
    """Exact paths come before prefixes of the same text, and so does `= /foo` of one."""
    return sorted(rules, key=lambda r: r[1].type is not PathType.EXACT)


def _with_redirect(handler: Handler, redirect: Redirect, *, tls: bool) -> Handler:
    wanted = redirect is Redirect.ALWAYS or (redirect is Redirect.WITH_TLS and tls)
    return replace(handler, redirect_to_https=True) if wanted else handler


def _fallback(parts: Iterable[HostPart], default_backend: Handler, *, tls: bool) -> Handler:
    """Find who answers paths that no rule names."""
    for part in parts:
        if part.fallback:
            return _with_redirect(part.fallback, part.redirect, tls=tls)
    return default_backend


def _complete(taken: dict[Matcher, Location], host: str, fallback: Handler) -> list[Location]:
    """Add the locations that every server has, so that none of nginx's own answers shows."""
    locations = list(taken.values())
    root = (Match.PREFIX, Word("/"))
    if root not in taken:
        locations.append(_plain(*root, "/", fallback))
        # Expressions come before prefixes: what users ask for wins.
        regex = any(match is Match.REGEX for match, _ in taken)
        health = (Match.PREFIX if regex else Match.EXACT, Word("/healthz"))
        if not host and fallback is NOT_FOUND and health not in taken:
            locations.append(_plain(*health, "/healthz", HEALTHY))
    return locations + _without_slash(locations)


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
    prefixes = {text for match, text in by_text if match is Match.PREFIX}
    return [
        replace(by_text[Match.PREFIX, _longest(path, prefixes)], match=Match.EXACT, path=Word(path))
        for path in sorted(text.removesuffix("/") for text in exact if text.endswith("/"))
        if path and path not in exact
    ]


def _longest(path: str, prefixes: Iterable[str]) -> str:
    return max((p for p in prefixes if path.startswith(p)), key=len)


def _plain(match: Match, path: Word | Regex, rule: str, handler: Handler) -> Location:
    return Location(match=match, path=path, rule=rule, handler=handler)


def _in_order(locations: Iterable[Location]) -> Iterable[Location]:
    """Sort for nginx, which takes the first regular expression that fits.

    As in ingress-nginx: the longest path first, of equally long ones the last by alphabet.
    """
    by_text = sorted(locations, key=lambda each: (each.rule, each.match.name), reverse=True)
    return sorted(by_text, key=lambda each: (each.match.name, -len(each.rule)))


def _taken(host: str, part: HostPart, rule: PathRule, winner: Location) -> Problem:
    owner = winner.handler.owner
    twice = owner == part.owner
    how = "stands twice in this Ingress" if twice else f"belongs to Ingress {owner}, which is older"
    return problems.error(
        part.owner,
        f"{rule.field}.path",
        Code.PATH_TAKEN,
        f"Host {host or '*'}, path {shown(rule.path)} {how}.",
        "Choose another path, or remove one.",
        meanwhile="the first one is served",
    )


def _overridden(host: str, parts: Sequence[HostPart], tls: HostPart | None) -> Iterator[Problem]:
    """Tell those whose default backend or certificate does not count beside an older one's."""
    default = next((part for part in parts if part.fallback), None)
    for part in parts:
        if default and part.fallback and _differ(part.fallback, default.fallback):
            yield _older(part, "spec.defaultBackend", host, "default backend", default.owner)
        if tls and part.certificate and part.certificate != tls.certificate:
            yield _older(part, "spec.tls", host, "certificate", tls.owner)


def _differ(one: Handler, other: Handler | None) -> bool:
    return other is not None and one.action != other.action


def _older(part: HostPart, field: str, host: str, what: str, owner: ObjectRef) -> Problem:
    return problems.warning(
        part.owner,
        field,
        Code.OVERRIDDEN,
        f"Host {host or '*'} has the {what} of Ingress {owner}, which is older.",
        "Keep one of the two.",
        meanwhile=f"this Ingress's {what} is not used there",
    )


def _turned_into_regexes(parts: Iterable[HostPart]) -> Iterator[Problem]:
    """Tell those who do not expect it that another Ingress of the host changed their paths."""
    culprit = next(part.owner for part in parts if part.regex)
    for part in parts:
        own = part.owner == culprit
        for rule in part.rules:
            if not rule.regex or rule.type is not PathType.IMPLEMENTATION_SPECIFIC:
                yield problems.info(
                    part.owner,
                    f"{rule.field}.pathType",
                    Code.PATH_BECOMES_REGEX,
                    f"Path {shown(rule.path)} of type {rule.type} is compared as a regular "
                    f"expression without case, since {'it' if own else f'Ingress {culprit}'} has "
                    "use-regex or rewrite-target for this host.",
                    "Write pathType ImplementationSpecific if that is meant; "
                    f"else put {'this path' if own else 'the other Ingress'} on a host of its own.",
                    meanwhile="it is compared so, as in ingress-nginx",
                )
