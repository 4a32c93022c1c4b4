"""Models in few words, for tests of what becomes of them."""

import hashlib
from collections.abc import Iterable

from generator.annotations import redirects
from generator.directives import Directive, Expression, File, Regex, Word
from generator.model import (
    Action,
    Answer,
    Certificate,
    Endpoint,
    Handler,
    Host,
    HttpSettings,
    Location,
    Match,
    Model,
    Proxy,
    Server,
    Upstream,
)
from generator.nginx.capabilities import Capabilities
from generator.nginx.surroundings import Surroundings
from generator.objects import Kind, Name, ObjectRef
from generator.options.declaration import GlobalValues
from generator.options.reading import read_options
from generator.translation.installation import with_effects
from tests.drivers.snapshots import defaults
from tests.lab.pki import Authority

NOT_FOUND = Answer(status=404, body="default backend - 404")
WHEEL = Capabilities.of("1.31.3", ["http_ssl_module", "http_v2_module", "http_realip_module"])


def certificate(*hosts: str, authority: Authority | None = None) -> Certificate:
    """A certificate of these hosts."""
    pair = (authority or Authority()).issue(*hosts)
    return Certificate(File((pair.certificate + pair.key).encode()))


DEFAULT_CERTIFICATE = certificate("default.test")


TO_HTTPS = redirects.TO_HTTPS
HSTS = with_effects(GlobalValues()).servers[0].statements
"""What a server with TLS has by default."""


def allow(network: str) -> Directive:
    """Let a network in."""
    return Directive("allow", (Word(network),))


def deny(network: str) -> Directive:
    """Keep a network out."""
    return Directive("deny", (Word(network),))


def rewrite(pattern: str, target: str) -> Directive:
    """Change a path on its way."""
    return Directive("rewrite", (Regex(pattern), Expression(target), Word("break")))


def ingress(name: str = "default/shop") -> ObjectRef:
    """An Ingress by `namespace/name`."""
    namespace, _, rest = name.partition("/")
    return ObjectRef(Kind.INGRESS, Name(namespace, rest))


def upstream(name: str, *endpoints: tuple[str, int]) -> Upstream:
    """An upstream whose endpoints these are."""
    prefix = hashlib.sha256(name.encode()).hexdigest()[:8]
    return Upstream(
        name=f"{prefix}-default-{name}-80",
        service=ObjectRef(Kind.SERVICE, Name("default", name)),
        endpoints=tuple(Endpoint(*each) for each in endpoints),
    )


def location(path: str, action: Action, match: Match = Match.PREFIX, **handler: object) -> Location:
    """A location; what its handler has beyond the action goes by name."""
    handler = {"owner": ingress(), **handler}
    return Location(
        match=match,
        path=Regex(path) if match is Match.REGEX else Word(path),
        rule=path,
        handler=Handler(action=action, **handler),
    )


def proxied(path: str, to: Upstream, **handler: object) -> Location:
    """A location that passes requests to an upstream."""
    return location(path, Proxy(upstream=to.name), **handler)


def server(host: str, *locations: Location, **more: object) -> Server:
    """A server of a host; the rest by name."""
    return Server(host=Host(host), locations=locations, **more)


def model(*servers: Server, upstreams: Iterable[Upstream] = ()) -> Model:
    """A model of these servers and the default one."""
    default = server("", location("/", NOT_FOUND, owner=None))
    return Model(
        servers=(default, *servers),
        upstreams=tuple(upstreams),
        default_certificate=DEFAULT_CERTIFICATE,
        settings=settings(),
    )


def settings(**options: str) -> HttpSettings:
    """What a ConfigMap with these keys comes to; `_` in a name stands for `-`."""
    data = {name.replace("_", "-"): text for name, text in options.items()}
    values, problems = read_options(data, ObjectRef(Kind.CONFIG_MAP, Name("pillion", "options")))
    assert not problems
    return with_effects(values).http


def surroundings(folder: object = "/volume", **more: object) -> Surroundings:
    """The surroundings of a volume in this folder; the rest by name."""
    ports = defaults("http_port", "https_port", "status_port")
    given = {"capabilities": WHEEL, **ports, **more}
    return Surroundings(
        files=f"{folder}/files", pid=f"{folder}/nginx.pid", temp=f"{folder}/temp", **given
    )
